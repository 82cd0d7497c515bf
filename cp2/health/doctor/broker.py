"""Redis: reachable, told not to throw tasks away, and not full of them."""

from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings as conf

from cp2.health.doctor import Finding, broken, check, look, ok

QUEUES = ["credentials", "work"]
MANY = 1000  # ticks that expire within seconds; more is a queue that nobody empties


@check
def broker() -> Iterator[Finding]:
    url = conf.REDIS_URL.replace("redis+socket://", "unix://")
    try:
        with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as asked:
            asked.ping()
            yield ok("the broker answers")
            yield _memory(asked)
            for queue in QUEUES:
                yield _length(queue, asked.llen(queue))
    except redis.RedisError as error:
        said = f"the broker does not answer: {type(error).__name__}"
        yield broken(said, "Start it, or put REDIS_URL right. Nothing is lost meanwhile.")


def _memory(asked: Any) -> Finding:
    try:
        policy = asked.config_get("maxmemory-policy").get("maxmemory-policy")
    except redis.RedisError:
        return look("the broker does not tell its memory policy", "See that it is noeviction.")
    if policy != "noeviction":
        return look(f"a full broker would throw tasks away ({policy})", "Set noeviction.")
    return ok("a full broker throws nothing away")


def _length(queue: str, n: int) -> Finding:
    if n > MANY:
        return look(f"{n} tasks wait in the queue {queue}", "Does its worker run? See systemctl.")
    return ok(f"{n} tasks wait in the queue {queue}")
