"""Django's settings, all read from `kernel.environment`. Composition: this package knows every area."""

from __future__ import annotations

import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from plainsail.kernel import environment
from plainsail.settings.database import database

PACKAGE = Path(__file__).resolve().parents[1]
HERE = environment.current()

# The areas, from the ground up; the same order as the layers contract in pyproject.toml.
AREAS = [
    "kernel",
    "ui",
    "accounts",
    "files",
    "contacts",
    "deals",
    "tracking",
    "automations",
    "blocks",
    "mail",
    "pages",
    "portal",
    "payments",
    "commerce",
    "subscriptions",
    "funnels",
    "hosting",
    "dashboard",
    "api",
]

SECRET_KEY = HERE.secret_key
DEBUG = HERE.debug
# Hosts are rows: the middleware in accounts answers for an unknown one, with a page that says so.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "procrastinate.contrib.django",
    # Before allauth, so that our templates are found before its own; after the queue, which our jobs register with.
    *(f"plainsail.{area}" for area in AREAS),
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "plainsail.kernel.logging.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "plainsail.accounts.middleware.HostMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "plainsail.accounts.middleware.LanguageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "plainsail.accounts.middleware.SeenMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "plainsail.ui.middleware.WordsMiddleware",
    "plainsail.accounts.middleware.WorkspaceMiddleware",
    "plainsail.accounts.middleware.StatusMiddleware",
]

ROOT_URLCONF = "plainsail.urls"
WSGI_APPLICATION = "plainsail.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "plainsail.ui.context.chrome",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "django.templatetags.i18n",
                "django.templatetags.l10n",
                "django.templatetags.static",
                "plainsail.kernel.templatetags.plainsail",
            ],
        },
    }
]
FORM_RENDERER = "plainsail.ui.renderer.Renderer"

# One alias; the user comes from the process. Only commands that change the schema run as the owner.
IS_OWNER = os.environ.get("PLAINSAIL_OWNER", "") == "1"
# Web and worker have many threads, of which few work at a time.
IS_POOLED = os.environ.get("PLAINSAIL_POOL", "") == "1"
DATABASES = {
    "default": database(HERE.owner_database_url if IS_OWNER else HERE.database_url, is_pooled=IS_POOLED),
}
# The edge reads hosts and published snapshots and appends to the landing table: nothing else.
EDGE_GRANTS = {
    "accounts_host": "SELECT",
    "pages_publishedsnapshot": "SELECT",
    "tracking_landing": "INSERT",
    "tracking_viewbundle": "INSERT",
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("fr", _("French"))]
FORMAT_MODULE_PATH = ["plainsail.ui.formats"]
LOCALE_PATHS = [PACKAGE / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = HERE.data_dir / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = HERE.files_dir
# A file a page names but the package lacks is a bug for the tests, not a 500 for a visitor.
WHITENOISE_MANIFEST_STRICT = False
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
if DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HERE.is_https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "ps_session"
CSRF_COOKIE_NAME = "ps_csrf"
CSRF_FAILURE_VIEW = "plainsail.ui.views.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
USE_X_FORWARDED_HOST = False
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

EMAIL_BACKEND = "plainsail.mail.backend.LedgerBackend"
DEFAULT_FROM_EMAIL = os.environ.get("PLAINSAIL_FROM", f"Plainsail <hello@{HERE.host}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "plainsail.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "plainsail.accounts.forms.SignupForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_RATE_LIMITS = {"signup": "10/m/ip,60/h/ip"}
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HERE.is_https else "http"
MFA_ADAPTER = "plainsail.accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "add_webauthn": "plainsail.accounts.passkeys.AddForm",
    "authenticate_webauthn": "plainsail.accounts.passkeys.AuthenticateForm",
    "edit_webauthn": "plainsail.accounts.passkeys.RenameForm",
    "login_webauthn": "plainsail.accounts.passkeys.LoginForm",
    "reauthenticate_webauthn": "plainsail.accounts.passkeys.ReauthenticateForm",
}
MFA_TOTP_ISSUER = "Plainsail"
MFA_TOTP_TOLERANCE = 1
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HERE.is_https
USERSESSIONS_TRACK_ACTIVITY = True

PROCRASTINATE_ON_APP_READY = None
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = None

# Rate limits count in the database-backed cache, so that every web process sees the same numbers.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        # Past so many entries Django drops some of them at random: a count that is forgotten is a limit that isn't held.
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

LOGGING_CONFIG = "plainsail.kernel.logging.configure"
LOGGING: dict[str, object] = {"debug": DEBUG}
