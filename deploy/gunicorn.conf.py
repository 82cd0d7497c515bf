"""The web processes. Sync workers hold one request each; nginx before them holds slow clients."""

import multiprocessing
import os

bind = os.environ.get("BIND", "unix:/run/cp2/web.sock")
workers = int(os.environ.get("WEB_CONCURRENCY", multiprocessing.cpu_count() * 2))
worker_class = "sync"
preload_app = True  # one copy of the code in memory for all workers
timeout = 30
graceful_timeout = 30
max_requests = 20_000
max_requests_jitter = 2_000
forwarded_allow_ips = "*"  # the socket is nginx's alone
