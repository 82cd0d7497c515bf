"""Errors for Sentry, where SENTRY_DSN names one: what broke and where, and nothing that a person
typed. Imported by the settings, and only then."""

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration

from cp2.health.logs import masked

# Of an event: all that says what broke. Requests, users, extras, breadcrumbs are not among it.
KEPT = {
    *("event_id", "timestamp", "platform", "level", "logger", "release", "environment", "sdk"),
    *("exception", "logentry", "transaction", "transaction_info", "fingerprint", "tags"),
}
OURS = {"event_id", "timestamp", "release", "environment", "sdk"}  # their numbers are no person's
OF_A_FRAME = {"filename", "function", "module", "lineno", "in_app", "context_line"}


def start(dsn: str, *, environment: str, release: str, **more: Any) -> None:
    sentry_sdk.init(
        dsn,
        environment=environment,
        release=release or None,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        before_send=scrub,
        before_breadcrumb=lambda crumb, hint: None,
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration(transaction_style="url"), CeleryIntegration()],
        server_name="",
        **more,
    )


def scrub(event: Any, hint: dict[str, Any]) -> Any:
    kept = {key: value for key, value in event.items() if key in KEPT}
    if kept.get("transaction_info", {}).get("source") == "url":
        kept.pop("transaction", None)  # no page's pattern, but the address itself
    for error in kept.get("exception", {}).get("values") or []:
        for frame in (error.get("stacktrace") or {}).get("frames", []):
            for name in frame.keys() - OF_A_FRAME:
                del frame[name]
    if entry := kept.get("logentry"):
        entry.pop("params", None)
        entry.pop("formatted", None)  # the words that a name was put into
    return {key: value if key in OURS else masked(value) for key, value in kept.items()}
