"""The mail services that can carry mail: what keys each wants, and how each is spoken to. Sending and reading what they
report is django-anymail's work; here stands only what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from plainsail.mail.services import carrier_ses

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # a type of django-stubs, for words that are translated when shown

Event = Mapping[str, Any]
Timeout = tuple[float, float]
"""Seconds to connect, and to answer."""

ROW = "plainsail"
"""What a message's own mark is called among the facts that a service keeps with it and reports back."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One thing to fill in. `name` is what anymail calls it; a secret is never shown again."""

    name: str
    label: str | _StrPromise
    is_secret: bool = True
    is_needed: bool = True
    help: str | _StrPromise = ""


def over_http(settings: Mapping[str, str], _region: str, url: str, timeout: Timeout) -> dict[str, Any]:
    """What anymail's backend of most services is made with."""
    return {**settings, "api_url": url, "timeout": timeout}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A mail service. `backend` and `hook` are classes of anymail's, made with `options` and `hook_options`; `sort_of` is the
    service's own class of a bounce.
    """

    backend: str
    hook: str
    settings: tuple[Setting, ...]
    hook_key: str = ""
    """The setting that its reports are signed with; where there is none, a password stands in their address."""
    regions: Mapping[str, str] = field(default_factory=dict)
    """Address of its API by region; the first is where nobody chose."""
    options: Callable[[Mapping[str, str], str, str, Timeout], dict[str, Any]] = over_http
    hook_options: Callable[[Mapping[str, str], Timeout], dict[str, Any]] = lambda _settings, _timeout: {}
    hook_errors: Callable[[], tuple[type[Exception], ...]] = tuple
    """What reading a report may raise besides what garbage does."""
    sort_of: Callable[[Event], str] = lambda _event: ""
    events: str = ""
    """What to switch on there, in its own words."""

    @property
    def hook_settings(self) -> tuple[str, ...]:
        return (self.hook_key,) if self.hook_key else ()


KEY = Setting(name="api_key", label=_("API key"))
# Where SES version 2 answers, as Amazon's “Service endpoints and quotas” lists it; those of governments are left out.
SES_REGIONS = (
    *("eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "sa-east-1"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2"),
    *("ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-5"),
    *("af-south-1", "il-central-1", "me-central-1", "me-south-1"),
)

KINDS: dict[str, Kind] = {
    "brevo": Kind(
        backend="brevo.EmailBackend",
        hook="brevo.BrevoTrackingWebhookView",
        settings=(KEY,),
        sort_of=lambda event: str(event.get("event", "")),
        regions={"world": "https://api.brevo.com/v3/"},
        events="delivered, soft_bounce, hard_bounce, invalid_email, deferred, blocked, spam, unsubscribed",
    ),
    "mailgun": Kind(
        backend="mailgun.EmailBackend",
        hook="mailgun.MailgunTrackingWebhookView",
        settings=(
            KEY,
            Setting(
                name="sender_domain",
                label=_("Sending domain there"),
                is_secret=False,
                is_needed=False,
                help=_("Where nothing stands, the domain of the sender’s address."),
            ),
            Setting(name="webhook_signing_key", label=_("HTTP webhook signing key")),
        ),
        hook_key="webhook_signing_key",
        sort_of=lambda event: str(event.get("event-data", {}).get("severity", "")),
        regions={"us": "https://api.mailgun.net/v3", "eu": "https://api.eu.mailgun.net/v3"},
        events="delivered, temporary_fail, permanent_fail, complained, unsubscribed",
    ),
    "mailjet": Kind(
        backend="mailjet.EmailBackend",
        hook="mailjet.MailjetTrackingWebhookView",
        settings=(KEY, Setting(name="secret_key", label=_("Secret key"))),
        sort_of=lambda event: (
            "" if "hard_bounce" not in event else "hardbounce" if event["hard_bounce"] else "softbounce"
        ),
        regions={"world": "https://api.mailjet.com/v3.1/"},
        events="sent, bounce, blocked, spam, unsub",
    ),
    "postmark": Kind(
        backend="postmark.EmailBackend",
        hook="postmark.PostmarkTrackingWebhookView",
        settings=(
            Setting(name="server_token", label=_("Server API token")),
            Setting(
                name="message_stream",
                label=_("Message stream"),
                is_secret=False,
                is_needed=False,
                help=_("Postmark wants mail to many in a stream of its own, such as “broadcast”."),
            ),
        ),
        sort_of=lambda event: str(event.get("Type", "")),
        regions={"world": "https://api.postmarkapp.com/"},
        events="Delivery, Bounce, Spam complaint, Subscription change",
    ),
    "resend": Kind(
        backend="resend.EmailBackend",
        hook="resend.ResendTrackingWebhookView",
        settings=(KEY, Setting(name="signing_secret", label=_("Signing secret of the webhook"))),
        hook_key="signing_secret",
        sort_of=lambda event: str(((event.get("data") or {}).get("bounce") or {}).get("type", "")),
        regions={"world": "https://api.resend.com/"},
        events="email.delivered, email.delivery_delayed, email.bounced, email.complained",
    ),
    "sendgrid": Kind(
        backend="sendgrid.EmailBackend",
        hook="sendgrid.SendGridTrackingWebhookView",
        settings=(
            KEY,
            Setting(
                name="tracking_webhook_verification_key",
                label=_("Verification key of the signed event webhook"),
                is_secret=False,
            ),
        ),
        hook_key="tracking_webhook_verification_key",
        sort_of=lambda event: str(event.get("type", "")),
        regions={"world": "https://api.sendgrid.com/v3/", "eu": "https://api.eu.sendgrid.com/v3/"},
        events="Delivered, Deferred, Bounced, Dropped, Spam Reports, Unsubscribed",
    ),
    "ses": Kind(
        backend="amazon_ses.EmailBackend",
        hook="amazon_ses.AmazonSESTrackingWebhookView",
        settings=(
            Setting(name="access_key_id", label=_("Access key ID"), is_secret=False),
            Setting(
                name="secret_access_key",
                label=_("Secret access key"),
                help=_("Of a user who may do ses:SendEmail and sns:ConfirmSubscription, and nothing else."),
            ),
            Setting(
                name="configuration_set_name",
                label=_("Configuration set"),
                is_secret=False,
                is_needed=False,
                help=_(
                    "Its events go to an SNS topic, and the topic to the address that stands here after saving. "
                    "Without it nobody here learns of bounces and complaints."
                ),
            ),
        ),
        options=carrier_ses.options,
        hook_options=carrier_ses.hook_options,
        hook_errors=carrier_ses.hook_errors,
        sort_of=carrier_ses.sort_of,
        regions={region: f"https://email.{region}.amazonaws.com" for region in SES_REGIONS},
        events="Deliveries, Hard bounces, Complaints, Rejects",
    ),
    "sparkpost": Kind(
        backend="sparkpost.EmailBackend",
        hook="sparkpost.SparkPostTrackingWebhookView",
        settings=(KEY,),
        regions={"us": "https://api.sparkpost.com/api/v1/", "eu": "https://api.eu.sparkpost.com/api/v1/"},
        events="Delivery, Bounce, Delay, Out of Band, Policy Rejection, Spam Complaint",
    ),
}


def backend_of(kind: str) -> Any:
    """The class that speaks to a service; loaded when something is to be sent, for it brings an HTTP client along."""
    return _class(f"anymail.backends.{KINDS[kind].backend}")


def hook_of(kind: str) -> Any:
    """The class that checks and reads what a service reports."""
    return _class(f"anymail.webhooks.{KINDS[kind].hook}")


def _class(path: str) -> Any:
    module, _dot, name = path.rpartition(".")
    return getattr(import_module(module), name)
