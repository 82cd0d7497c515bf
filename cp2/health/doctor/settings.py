"""What the environment says."""

import io
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from django.conf import settings as conf
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from cp2.health.doctor import Finding, broken, check, look, ok

LOCAL = {"", "localhost", "127.0.0.1", "::1"}


@check
def settings() -> Iterator[Finding]:
    if not conf.PRODUCTION:
        yield look("this is no production", "Leave CP2_ENV out where people work with it.")
    if conf.DEBUG:
        yield broken("DEBUG is on", "Set DEBUG=0: errors would show settings to anybody.")
    key: str = conf.SECRET_KEY
    if len(key) < 50 or len(set(key)) < 20:
        yield broken("SECRET_KEY is weak", "Use 50 or more random characters.")
    if "*" in conf.ALLOWED_HOSTS or not conf.ALLOWED_HOSTS:
        yield broken("ALLOWED_HOSTS names no host", "Name the portal's own hosts.")
    site = urlsplit(conf.SITE_URL)
    if conf.PRODUCTION and site.scheme != "https":
        yield broken("SITE_URL is not https", "Links in texts and letters must be https.")
    if site.hostname not in conf.ALLOWED_HOSTS and "*" not in conf.ALLOWED_HOSTS:
        yield look("SITE_URL names a host that is not in ALLOWED_HOSTS", "Links lead nowhere.")
    yield ok("settings were read")


@check
def https() -> Iterator[Finding]:
    if not conf.PRODUCTION:
        yield look("cookies and redirects are as in development", "")
        return
    for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        if not getattr(conf, name):
            yield broken(f"{name} is off", "It must be on in production.")
    if not conf.SECURE_HSTS_SECONDS:
        yield broken("browsers are not told to keep to https", "Set SECURE_HSTS_SECONDS.")
    yield ok("cookies travel by https alone")


@check
def deploy_check() -> Iterator[Finding]:
    if not conf.PRODUCTION:
        yield look("Django's own check of deployments is for production", "")
        return
    try:
        call_command("check", deploy=True, fail_level="WARNING", stderr=io.StringIO())
    except SystemCheckError:
        yield broken("Django finds fault", "Run: manage.py check --deploy")
    else:
        yield ok("Django's own check of deployments finds no fault")


@check
def encryption() -> Iterator[Finding]:
    """Of what goes to the database and the broker over a network."""
    database = conf.DATABASES["default"]
    host = str(database.get("HOST") or database.get("OPTIONS", {}).get("host") or "")
    mode = str(database.get("OPTIONS", {}).get("sslmode", ""))
    if host in LOCAL or host.startswith("/"):
        yield ok("the database is on this machine")
    elif mode in {"verify-full", "verify-ca"}:
        yield ok("the database is spoken to by TLS, and must prove who it is")
    else:
        finding = broken if conf.PRODUCTION and mode not in {"require"} else look
        yield finding(
            "what goes to the database may be read or changed on its way",
            "Add sslmode=verify-full and sslrootcert to DATABASE_URL.",
        )
    broker = urlsplit(conf.REDIS_URL)
    there = broker.hostname or parse_qs(broker.query).get("host", [""])[0]
    if there in LOCAL or "socket" in broker.scheme or broker.scheme == "unix":
        yield ok("the broker is on this machine")
    elif broker.scheme == "rediss":
        yield ok("the broker is spoken to by TLS")
    else:
        finding = broken if conf.PRODUCTION else look
        yield finding("what goes to the broker may be read on its way", "Use rediss:// and a port.")


@check
def watching() -> Iterator[Finding]:
    if conf.METRICS_TOKEN:
        yield ok("/metrics is there for who shows METRICS_TOKEN")
    else:
        yield look("nobody can watch /metrics", "Set METRICS_TOKEN.")
    if not conf.SENTRY_DSN:
        yield look("errors are told to the log alone", "Set SENTRY_DSN, if you have a Sentry.")


@check
def money() -> Iterator[Finding]:
    names = ["PAYER_NAME", "PAYER_ACCOUNT", "PAYER_BANK"]
    missing = [name for name in names if not getattr(conf, name)]
    if len(missing) == len(names):
        yield look("bank files in ISO 20022 cannot be made", f"Set {', '.join(names)}.")
    elif missing:
        yield broken("bank files in ISO 20022 cannot be made", f"Set {', '.join(missing)} too.")
    else:
        yield ok("bank files name who pays")
