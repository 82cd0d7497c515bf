"""Settings for tests: the real ones, with a fast hasher and texts kept in memory."""

import os
import secrets
import tempfile

os.environ.setdefault("CP2_ENV", "development")
os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")
os.environ.setdefault("SITE_URL", "https://cp2.example")
os.environ.setdefault("DATABASE_URL", "postgres://portal@/portal")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")  # nobody listens: no test may need it
os.environ.setdefault("SMS_BACKEND", "sms.backends.memory")
os.environ.setdefault("SMS_INBOUND_SECRET", "inbound-secret-of-the-tests-0123456789-abcdefgh")
os.environ.setdefault("SMS_DELIVERY_SECRET", "delivery-secret-of-the-tests-0123456789-abcdefgh")
os.environ.setdefault("PAYER_NAME", "Examinations Council of Example")
os.environ.setdefault("PAYER_ACCOUNT", "0100200300400")
os.environ.setdefault("PAYER_BANK", "01094")
if "VAR_DIR" not in os.environ:
    scratch = tempfile.TemporaryDirectory(prefix="cp2-test-")  # gone when the tests are
    os.environ["VAR_DIR"] = scratch.name

from cp2.settings import *  # noqa: F403  # all of them, but for what follows
from cp2.settings import STATIC_ROOT, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns about a missing one, and warnings are errors

# A test looks at once for what it has just written.
SEARCH_COUNTS_KEPT = 0
