"""All settings, read from the environment; .env.example tells what each is for."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from csp.constants import NONE, SELF

from streamwatch.environment import Environment, refusal

# Lets ModelAdmin[User] and the like be written.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
env = Environment()

# --- Secrets and addresses

DEBUG = env.boolean("DEBUG")
_secret_keys = env.items("SECRET_KEY")
SECRET_KEY = env.required("SECRET_KEY", "sessions and forms are signed with it") and _secret_keys[0]
SECRET_KEY_FALLBACKS = _secret_keys[1:]
FIELD_ENCRYPTION_KEYS = env.field_keys("FIELD_ENCRYPTION_KEYS")

env.required("PUBLIC_URL", "it is the address people and Twitch reach StreamWatch at")
PUBLIC_URL = env.address("PUBLIC_URL")
_public = urlsplit(PUBLIC_URL)
_is_https = _public.scheme == "https"
# A machine's own name for itself is always let in: `make run` and health checks use it.
ALLOWED_HOSTS = [*env.items("ALLOWED_HOSTS"), _public.hostname or "", "localhost", "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Twitch

REAL_AUTH_URL = "https://id.twitch.tv/oauth2"
REAL_API_URL = "https://api.twitch.tv/helix"
TWITCH_AUTH_URL = env.address("TWITCH_AUTH_URL", REAL_AUTH_URL)
TWITCH_API_URL = env.address("TWITCH_API_URL", REAL_API_URL)
TWITCH_EVENTSUB_WS_URL = env.address(
    "TWITCH_EVENTSUB_WS_URL", "wss://eventsub.wss.twitch.tv/ws", scheme="wss"
)
TWITCH_PLAYER_URL = env.address("TWITCH_PLAYER_URL", "https://player.twitch.tv")
TWITCH_EMBED_URL = env.address("TWITCH_EMBED_URL", "https://www.twitch.tv/embed")
TWITCH_CLIENT_ID = env.required("TWITCH_CLIENT_ID", "dev.twitch.tv/console gives one")
TWITCH_CLIENT_SECRET = env.required("TWITCH_CLIENT_SECRET", "dev.twitch.tv/console gives one")
TWITCH_EVENTSUB_SECRETS = env.eventsub_secrets("TWITCH_EVENTSUB_SECRET")
EVENTSUB_TRANSPORT = env.choice("EVENTSUB_TRANSPORT", ["webhook"])
EVENTSUB_CALLBACK = f"{PUBLIC_URL}/webhooks/twitch/"
IS_REAL_TWITCH = TWITCH_API_URL == REAL_API_URL
# The local Twitch also sends to http on this machine.
CAN_RECEIVE_WEBHOOKS = _is_https or not IS_REAL_TWITCH
OPERATOR_TWITCH_LOGINS = [login.lower() for login in env.items("OPERATOR_TWITCH_LOGINS")]


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


# Twitch leads sockets on to hosts below its own, such as cell-a.eventsub.wss.twitch.tv.
EVENTSUB_SOCKET_ORIGINS = [_origin(TWITCH_EVENTSUB_WS_URL)]
if IS_REAL_TWITCH:
    EVENTSUB_SOCKET_ORIGINS.append("wss://*.eventsub.wss.twitch.tv")
# Of people and recordings, and of clips.
TWITCH_PICTURE_ORIGINS = (
    ["https://static-cdn.jtvnw.net", "https://clips-media-assets2.twitch.tv"]
    if IS_REAL_TWITCH
    else [_origin(TWITCH_API_URL)]
)

# --- Apps

INSTALLED_APPS = [
    "streamwatch.apps.StreamWatchConfig",
    "accounts.apps.AccountsConfig",
    "subscriptions.apps.SubscriptionsConfig",
    "activity.apps.ActivityConfig",
    "livestream.apps.LivestreamConfig",
    "webhooks.apps.WebhooksConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.twitch",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "streamwatch.middleware.refuse_nul_bytes",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.ended_sessions.say_why_sessions_ended",
]

ROOT_URLCONF = "streamwatch.urls"
WSGI_APPLICATION = "streamwatch.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "streamwatch.context.twitch",
                "accounts.ended_sessions.how_to_mend",
            ],
        },
    },
]

# --- Database: SQLite in var/ unless DATABASE_URL names another

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_default_file = VAR_DIR / ("twitch.sqlite3" if IS_REAL_TWITCH else "local.sqlite3")
DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{_default_file}")
try:
    _database = environ.Env.db_url_config(DATABASE_URL)
except (environ.ImproperlyConfigured, ValueError):
    raise refusal("DATABASE_URL is no database's address.") from None
match _database["ENGINE"]:
    case "django.db.backends.sqlite3":
        # Relative names are meant from the clone, whatever the working directory.
        _name = str(_database["NAME"])
        if _name != ":memory:":
            _database["NAME"] = str(BASE_DIR / _name)
            (BASE_DIR / _name).parent.mkdir(parents=True, exist_ok=True)
        _database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;",
        }
    case "django.db.backends.mysql":
        _database["OPTIONS"] = {
            **_database.get("OPTIONS", {}),
            "charset": "utf8mb4",
            "isolation_level": "read committed",
            "init_command": "SET sql_mode='STRICT_TRANS_TABLES'",
            "connect_timeout": 5,
            "read_timeout": 20,
            "write_timeout": 20,
        }
        _database["TEST"] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_bin"}
    case _:
        raise refusal("DATABASE_URL must be of SQLite or MySQL (mysql://, sqlite:///).")
_database["CONN_MAX_AGE"] = env.number("DATABASE_CONN_MAX_AGE_SECONDS", 0)
_database["CONN_HEALTH_CHECKS"] = True
DATABASES = {"default": _database}

# --- Redis: only what may be lost

REDIS_URL = env.text("REDIS_URL")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "streamwatch",
            "OPTIONS": {
                "IGNORE_EXCEPTIONS": True,
                "SOCKET_CONNECT_TIMEOUT": 0.5,
                "SOCKET_TIMEOUT": 0.5,
            },
        }
    }
    DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
    # cached_db, with a logout that stays true while Redis is away.
    SESSION_ENGINE = "accounts.session_store"
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- Sessions, cookies, headers

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _is_https
SESSION_COOKIE_AGE = 60 * 24 * 3600
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _is_https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _is_https else None
# Pictures are asked for without a referrer; Twitch's login needs the origin.
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
# The admin's and the pages' forms are small; webhooks have a limit of their own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "streamwatch.views.csrf_failure"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        # `data:` for the pictures in Bootstrap's style sheet.
        "img-src": [SELF, "data:", *TWITCH_PICTURE_ORIGINS],
        "connect-src": [SELF, *EVENTSUB_SOCKET_ORIGINS],
        "frame-src": [_origin(TWITCH_PLAYER_URL), _origin(TWITCH_EMBED_URL)],
        # Chromium applies this to where a form's answer redirects: the login at Twitch.
        "form-action": [SELF, _origin(TWITCH_AUTH_URL)],
    }
}

# --- Login, by Twitch only

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "landing"

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS: set[str] = set()
ACCOUNT_LOGOUT_REDIRECT_URL = "landing"
ACCOUNT_SIGNUP_FIELDS = ["email"]
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_ONLY = True
# Tokens lie encrypted in accounts.Grant, not in allauth's table.
SOCIALACCOUNT_STORE_TOKENS = False
LOGIN_SCOPES = ["user:read:email", "user:read:follows"]
SOCIALACCOUNT_PROVIDERS = {
    "twitch": {
        "APPS": [{"client_id": TWITCH_CLIENT_ID, "secret": TWITCH_CLIENT_SECRET, "key": ""}],
        "SCOPE": LOGIN_SCOPES,
    }
}
# W001 asks for a login method; Twitch is the only way in.
SILENCED_SYSTEM_CHECKS = ["account.W001"]

# --- Static files

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / env.text("STATIC_ROOT", "var/static")
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/bootstrap", BASE_DIR / "node_modules/bootstrap/dist"),
    ("vendor/bootstrap-icons", BASE_DIR / "node_modules/bootstrap-icons/font"),
    ("vendor/jquery", BASE_DIR / "node_modules/jquery/dist"),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}
SERVESTATIC_MANIFEST_STRICT = False

# --- Language and time

LANGUAGE_CODE = "en-gb"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

# --- Celery

CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", f"sqla+sqlite:///{VAR_DIR / 'broker.sqlite3'}")
if CELERY_BROKER_URL.startswith("sqla+sqlite:"):
    VAR_DIR.mkdir(exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {"connect_args": {"timeout": 20}}
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
# A task is given to another worker when the one that has it is killed.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 300
# What a process that was killed left undone is taken up this often; 0 switches it off.
SWEEP_SECONDS = env.number("SWEEP_SECONDS", 5)
CELERY_BEAT_SCHEDULE = {
    "prune-inbox": {"task": "webhooks.tasks.prune", "schedule": 60.0},
    "prune-topics": {"task": "livestream.tasks.prune", "schedule": 60.0},
    "prune-sessions": {"task": "accounts.tasks.prune", "schedule": 600.0},
    "validate-grants": {"task": "accounts.tasks.validate_grants", "schedule": 5.0},
    "prune-activities": {"task": "activity.tasks.prune", "schedule": 3600.0},
    "spend-budget": {"task": "subscriptions.tasks.spend", "schedule": 60.0},
    "read-list": {"task": "subscriptions.tasks.read_list", "schedule": 5.0},
}
if SWEEP_SECONDS:
    CELERY_BEAT_SCHEDULE |= {
        name: {"task": f"{name}.tasks.sweep", "schedule": float(SWEEP_SECONDS)}
        for name in ("webhooks", "activity", "subscriptions")
    }

# --- Polling: which part of Twitch's 800 points a minute it may use; 0 switches it off

POLL_POINTS_SHARE = env.number("POLL_POINTS_SHARE", 50)  # Percent.
if POLL_POINTS_SHARE:
    CELERY_BEAT_SCHEDULE["poll"] = {"task": "activity.tasks.poll", "schedule": 5.0}

# --- Retention

INBOX_DAYS = env.number("INBOX_DAYS", 7)
ACTIVITY_DAYS = env.number("ACTIVITY_DAYS", 180)

# --- Broadcasts

# A gap shorter than this is within a Broadcast, not between two.
BROADCAST_GRACE_SECONDS = env.number("BROADCAST_GRACE_SECONDS", 300)

# --- Logging: to standard error, one line an event

LOG_LEVEL = env.choice("LOG_LEVEL", ["INFO", "DEBUG", "WARNING", "ERROR"])
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "filters": {
        "unhandled": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: record.exc_info is not None,
        }
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": sys.stderr}
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Its words for every 4xx and 503 that a view chose; the views say what matters.
        "django.request": {"level": "ERROR", "filters": ["unhandled"]},
        # Each request's address, ids of people among them.
        "httpx": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
    },
}
