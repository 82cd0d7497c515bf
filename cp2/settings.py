"""All settings, from the environment. `.env.example` names every variable that is read here."""

import os
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from cp2.health import logs

django_stubs_ext.monkeypatch()  # lets ModelAdmin[Claim] stand in code as it does in types

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()  # NAME_FILE is read where NAME is not set: secrets may be files

# Where we run

PRODUCTION = env.str("CP2_ENV", default="production") != "development"
DEBUG = env.bool("DEBUG", default=False)
# How many proxies of ours stand in front; each adds one address to X-Forwarded-For.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1 if PRODUCTION else 0)
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
SITE_URL = env.str("SITE_URL").rstrip("/")  # links in texts and letters; never taken from a request
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))

if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG must be off in production.")
if PRODUCTION and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 20):
    raise ImproperlyConfigured("SECRET_KEY is weak: use 50 or more random characters.")
if PRODUCTION and "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the portal's own hosts, not '*'.")

# Applications, lowest last: each may import only those below it (cp2/tests/test_layers.py)

INSTALLED_APPS = [
    "enquiries",
    "claims",
    "attendance",
    "deployments",
    "vacancies",
    "profiles",
    "accounts",
    "sms",
    "catalogue",
    "cp2.protection",
    "cp2.broadcasts",
    "cp2.opening",
    "cp2.transfers",
    "cp2.audit",
    "cp2.runs",
    "cp2.health",
    "cp2.limits",
    "cp2.picture",
    "cp2.rights",
    "cp2.filters",
    "cp2.season",
    "cp2.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_htmx",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "pgtrigger",
]

MIDDLEWARE = [
    "cp2.health.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "cp2.door.DoorMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.FirstThingsFirstMiddleware",
    "cp2.audit.context.HistoryMiddleware",
]

ROOT_URLCONF = "cp2.urls"
WSGI_APPLICATION = "cp2.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
    {
        # Texts to phones: plain text, so Ng'ang'a must not become Ng&#x27;ang&#x27;a.
        "NAME": "text",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates" / "text"],
        "OPTIONS": {"autoescape": False},
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # our own, flat <select>
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# Database

DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL"),
        "ATOMIC_REQUESTS": False,  # transactions belong to services
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": env.bool("PGBOUNCER", default=False),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PasswordBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2id",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.validators.PersonalPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 8},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "front"
OTP_TOTP_ISSUER = "CP2"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True  # nobody reads another's secret off the admin
OTP_LOGIN_URL = "accounts:code"
ISSUED_PASSWORD_LIFE = timedelta(hours=24)
# accounts lies below profiles, so the roof says who knows an officer's ID number.
IDENTITY_ON_FILE = "profiles.services.identity_on_file"
# vacancies lies below deployments, so the roof says what else may speak against an application:
# each is called with an officer, reads what it needs to know of them, and gives back what yields
# the reasons against any one vacancy; see vacancies.eligibility.
REASONS_AGAINST_APPLYING = ["deployments.eligibility.serving_in_those_days"]
# profiles lies below enquiries, so the roof says who knows of a barred officer's appeal.
APPEAL_OF = "enquiries.services.appeal_of"
# Seconds for which a web process remembers how many vacancies are open for a choice.
SEARCH_COUNTS_KEPT = 10
# Password checks at once on this machine, among all its web processes; each takes 19 MiB.
HASHES_AT_ONCE = env.int("HASHES_AT_ONCE", default=os.cpu_count() or 2)

# Texts

SMS_BACKEND = env.str("SMS_BACKEND")
SMS_SHORTCODE = "22262"
SMS_INBOUND_SECRET = env.str("SMS_INBOUND_SECRET")
SMS_DELIVERY_SECRET = env.str("SMS_DELIVERY_SECRET")
SMS_SIMULATOR_DIR = VAR_DIR / "phones"
SMS_SIMULATOR_PEOPLE = "cp2.season.people.phones"  # whose phones it offers to look at
SMS_BULK_PER_SECOND = env.float("SMS_BULK_PER_SECOND", default=10)
SMS_TIMEOUT = env.float("SMS_TIMEOUT", default=10)  # seconds for a whole call of the gateway
SMS_LEASE = env.float("SMS_LEASE", default=60)  # seconds that a worker has for what it took
SMS_COST = Decimal(env.str("SMS_COST", default="0.8"))  # KES for a segment
# Broadcasts leave between these hours in Nairobi.
BROADCASTS_FROM = env.int("BROADCASTS_FROM", default=7)
BROADCASTS_UNTIL = env.int("BROADCASTS_UNTIL", default=21)
AFRICASTALKING_USERNAME = env.str("AFRICASTALKING_USERNAME", default="")
AFRICASTALKING_API_KEY = env.str("AFRICASTALKING_API_KEY", default="")
AFRICASTALKING_SENDER = env.str("AFRICASTALKING_SENDER", default="")
AFRICASTALKING_URL = env.str(
    "AFRICASTALKING_URL", default="https://api.africastalking.com/version1/messaging"
)
# sms lies below accounts and deployments, so the roof says who mints a password or a code, for a
# kind of text or for one template, and who answers to which word; see sms.services. Each is called
# with the sender, the words behind the first, and when it was sent; the empty word stands for all
# that nobody knows.
SMS_COMPOSERS = {
    "credentials": "accounts.services.compose_credentials",
    "profiles/number_code": "profiles.numbers.compose_code",
    "broadcasts/text": "cp2.broadcasts.sending.compose",
}
SMS_KEYWORDS = {
    "PASSWORD": "accounts.keywords.password",
    "STATUS": "deployments.keywords.status",
    "ACCEPT": "deployments.keywords.accept",
    "REJECT": "deployments.keywords.reject",
    "PRESENT": "attendance.keywords.present",
    "ABSENT": "attendance.keywords.absent",
    "CENTRE": "attendance.keywords.centre",
    "HELP": "enquiries.keywords.help_",
    "MSAADA": "enquiries.keywords.help_",
    "": "attendance.keywords.help_",
    "PAY": "claims.keywords.pay",
    "MALIPO": "claims.keywords.pay",
    "STOP": "accounts.keywords.stop",
    "START": "accounts.keywords.start",
}

# Vacancies

# They lie below deployments and attendance, so the roof says who counts how many officers stations
# are entitled to, who was deployed there without having applied, and what an applicant has served.
VACANCY_COUNTS = {
    "entitled": "deployments.vacancies.entitled",
    "deployed_unasked": "deployments.vacancies.deployed_unasked",
    "past_service": "attendance.history.past_service",
}

# Deployments

# They lie below attendance, so the roof says who knows on how many days an officer was absent.
PAST_ABSENCES = "attendance.history.absences"
# Nor do they know of the no-shows that centres report: told, in the same transaction, of every
# deployment that is cut short or called off.
DEPLOYMENT_ENDED = "attendance.services.settle_no_show"

# Claims

# They lie below enquiries, which a disputed claim opens and a settled one answers: each is called
# in the transaction of the dispute, with the claim, `by` and the reason or the note.
CLAIM_DISPUTED = "enquiries.hooks.claim_disputed"
CLAIM_SETTLED = "enquiries.hooks.claim_settled"
# What officers are told of the time that a step of a claim usually takes, in days after the step
# before: verified=14,approved=21,sent=7,paid=2. Nothing is said of steps that are not named.
CLAIM_USUAL_DAYS = env.dict("CLAIM_USUAL_DAYS", default={})

if PRODUCTION:
    if SMS_BACKEND == "sms.backends.simulator":
        raise ImproperlyConfigured("SMS_BACKEND must not be the simulator in production.")
    for name, secret in {
        "SMS_INBOUND_SECRET": SMS_INBOUND_SECRET,
        "SMS_DELIVERY_SECRET": SMS_DELIVERY_SECRET,
    }.items():
        each = [one.strip() for one in secret.split(",")]
        if len(each) > 2:
            raise ImproperlyConfigured(f"{name} is to be one secret, or two while it is changed.")
        if not all(re.fullmatch(r"[\w-]{43,}", one, re.ASCII) for one in each):
            raise ImproperlyConfigured(
                f"{name} is weak: use 43 or more random letters, digits, - and _."
            )
        if any(len(set(one)) < 16 for one in each):
            raise ImproperlyConfigured(f"{name} is weak: its characters are not random.")
    if SMS_BACKEND == "sms.backends.africastalking":
        for name in ("AFRICASTALKING_USERNAME", "AFRICASTALKING_API_KEY"):
            if not globals()[name]:
                raise ImproperlyConfigured(f"Set the {name} environment variable.")

# Work in the background. No web process talks to the broker: beat ticks, workers look for due rows.

REDIS_URL = env.str("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000  # kilobytes; WeasyPrint's caches grow
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Africa/Nairobi"
CELERY_TASK_DEFAULT_QUEUE = "work"
CELERY_TASK_ROUTES = {"sms.tasks.send_credentials": {"queue": "credentials"}}


def every(seconds: float, task: str) -> dict[str, Any]:
    """A tick that is thrown away rather than piled up when nobody is there to take it."""
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds * 0.9, 0.9)}}


CELERY_BEAT_SCHEDULE = {
    "credentials": every(1, "sms.tasks.send_credentials"),
    "texts": every(1, "sms.tasks.send_texts"),
    "bulk": every(0.5, "sms.tasks.send_bulk"),
    "inbox": every(1, "sms.tasks.read_inbox"),
    "letters": every(1, "deployments.tasks.render_letters"),
    "posts": every(1, "deployments.tasks.recount_posts"),
    "offers": every(60, "deployments.tasks.expire_offers"),
    "allocations": every(1, "deployments.tasks.allocate"),
    "reminders": every(60, "deployments.tasks.remind_officers"),
    "register-reminders": every(60, "attendance.tasks.remind_centres"),
    "attendance-counts": every(60, "attendance.tasks.count_days"),
    "reserves": every(5, "deployments.tasks.fill_from_reserve"),
    "fairness": every(2, "deployments.tasks.count_fairness"),
    "vacancies": every(5, "vacancies.tasks.tell_of_opened"),
    "holds": every(600, "claims.tasks.look_at_holds"),
    "ghosts": every(600, "claims.tasks.look_for_ghosts"),
    "holds-told": every(60, "claims.tasks.tell_of_holds"),
    "retention": every(24 * 3600, "cp2.protection.tasks.begin_retention"),
    "dossiers": every(600, "cp2.protection.tasks.sweep_dossiers"),
    "runs": every(1, "cp2.runs.tasks.work_runs"),
    "broadcasts": every(60, "cp2.broadcasts.tasks.make_reports"),
    "transfers": every(600, "cp2.transfers.tasks.tidy"),
    "money-runs": every(1, "claims.tasks.work_runs"),
    "money-counts": every(60, "claims.tasks.count_money"),
    "claims-again": every(600, "claims.tasks.prepare_again"),
    "orphaned-batches": every(24 * 3600, "claims.tasks.sweep_batch_files"),
    "ledger": every(24 * 3600, "claims.tasks.check_ledger"),
    "second-looks": every(60, "attendance.tasks.find_second_looks"),
    "leases": every(10, "sms.tasks.sweep"),
    "letter-leases": every(30, "deployments.tasks.sweep_letters"),
    "letter-packs": every(2, "deployments.tasks.make_letter_packs"),
    "old-letter-packs": every(600, "deployments.tasks.tidy_letter_packs"),
    "enquiries": every(60, "enquiries.tasks.escalate"),
    "attachments": every(2, "enquiries.tasks.scan_attachments"),
    "old-attachments": every(24 * 3600, "enquiries.tasks.tidy_attachments"),
    "registers": every(2, "profiles.tasks.import_registers"),
    "register-previews": every(3600, "profiles.tasks.tidy_register_imports"),
    "number-changes": every(3600, "profiles.tasks.tidy_number_changes"),
    "papers": every(2, "profiles.tasks.scan_papers"),
    "orphaned-papers": every(24 * 3600, "profiles.tasks.sweep_papers"),
    "picture": every(60, "cp2.picture.tasks.count_figures"),
    "seals": every(300, "cp2.audit.tasks.seal"),
    "limits": every(3600, "cp2.limits.tasks.tidy"),
    "sessions": every(3600, "accounts.tasks.tidy"),
    "receipts": every(3600, "sms.tasks.give_up_receipts"),
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

CLAIMS_AGAIN_AT = env.int("CLAIMS_AGAIN_AT", default=2)  # hour of the night, in Nairobi

# Security

SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
DEVICE_COOKIE_NAME = "__Host-device" if PRODUCTION else "device"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_FAILURE_VIEW = "cp2.views.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],  # the arrow of a drop-down in Bootstrap's stylesheet
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
FILE_UPLOAD_HANDLERS = [
    "profiles.handlers.Capped",  # stops writing a file that is too large anyway
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Where ClamAV's daemon listens, as host:port or the path of its socket; empty for no virus scanner.
CLAMD = env.str("CLAMD", default="")

if CLAMD and not re.fullmatch(r"/.+|.+:[0-9]+", CLAMD):
    raise ImproperlyConfigured("CLAMD is to be host:port, or the path of a socket.")

# Money

# Whom bank transfers are paid by, in ISO 20022: name, account, and five digits for bank and branch.
PAYER_NAME = env.str("PAYER_NAME", default="")
PAYER_ACCOUNT = env.str("PAYER_ACCOUNT", default="")
PAYER_BANK = env.str("PAYER_BANK", default="")

if not re.fullmatch(r"([0-9]{5})?", PAYER_BANK):
    raise ImproperlyConfigured(
        "PAYER_BANK is to be two digits of the bank and three of the branch."
    )

# Words

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("sw", _("Kiswahili"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["cp2.formats"]
TIME_ZONE = "Africa/Nairobi"
USE_TZ = True

# Files

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    # Letters and officers' papers: private, read only through views that check who asks.
    "default": {
        "BACKEND": env.str("MEDIA_STORAGE", default="django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.json("MEDIA_STORAGE_OPTIONS", default={}),
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Watching

# Who asks /metrics shows this, as a bearer token; without it there is no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

if PRODUCTION and METRICS_TOKEN and not re.fullmatch(r"[\w-]{43,}", METRICS_TOKEN, re.ASCII):
    raise ImproperlyConfigured(
        "METRICS_TOKEN is weak: use 43 or more random letters, digits, - and _."
    )

# Where errors are told of, if anywhere: what broke and where, and nothing that a person typed.
SENTRY_DSN = env.str("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", default="production")
RELEASE = env.str("RELEASE", default="")

if SENTRY_DSN:
    from cp2.health import sentry

    sentry.start(SENTRY_DSN, environment=SENTRY_ENVIRONMENT, release=RELEASE)

# Logs: one JSON object a line, never with what a person typed

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,  # the request's id, or the task's
                structlog.stdlib.ExtraAdder(allow=logs.ABOUT_REQUESTS),
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                logs.without_numbers,
            ],
        },
    },
    "filters": {
        "secrets": {"()": "sms.logs.WithoutSecrets"},
        "routes": {"()": "cp2.health.logs.ByRoute"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["routes", "secrets"],
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # beat and workers would write three lines a second to say that nothing was due, and the
    # gateway's client one for every text
    "loggers": {
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        # what was refused has its line from cp2.request, by the page's name
        "django.request": {"level": "ERROR"},
        "pikepdf": {"level": "WARNING"},  # tells of itself whenever it is loaded
        # and these of each step of each page that they draw
        "weasyprint": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
    },
}
