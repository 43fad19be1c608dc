"""The proof of an erasure: a page at a signed address, one sheet of paper, and the letter that brings it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from plainsail.accounts.services import hosts, letters
from plainsail.hosting.models import Closure
from plainsail.hosting.services import notices, retention
from plainsail.kernel import certificates
from plainsail.kernel.crypto import BadToken, sign, verify
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import workspace

PURPOSE = "hosting.certificate"


def token_of(closure: Closure) -> str:
    """The certificate's token: always the same, good as long as the proof is kept."""
    return sign(PURPOSE, closure.workspace_id.bytes + closure.id.bytes, at=closure.asked_at.timestamp())


def url(closure: Closure) -> str:
    return hosts.app_url(reverse("hosting:certificate", "plainsail.urls", [token_of(closure)]))


def find(token: str) -> Closure:
    """The closing of a token, once the erasure was asked for or has begun. Opens its workspace. Raises BadToken."""
    payload = verify(PURPOSE, token)
    if len(payload) != 32:
        raise BadToken
    with workspace(UUID(bytes=payload[:16])):
        found: Closure | None = Closure.objects.in_force().filter(id=UUID(bytes=payload[16:])).first()
    if found is None:
        raise BadToken
    return found


def facts_of(certificate: dict[str, Any]) -> dict[str, Any]:
    """A certificate as it is read, in the active language: head rows, what is kept and why, what was erased by table."""
    return {
        "business": certificate["business"],
        "head": [
            (_("Business"), certificate["business"]),
            (_("Reference"), certificate["reference"]),
            (_("Asked for"), _day(certificate["asked_at"])),
            (_("Erased"), _moment(certificate["erased_at"])),
            (_("Rows erased"), f"{sum(certificate['rows'].values()):,}"),
            (_("Gone from backups by"), _day(certificate["backups_until"])),
        ],
        "kept": kept_rows(certificate["kept"], zone=certificate["zone"]),
        "rows": sorted(certificate["rows"].items()),
    }


def kept_rows(kept: list[dict[str, Any]], *, zone: str) -> list[dict[str, str]]:
    """What is kept, in words: `{label, ground, number, until}`, the last day on the business's own calendar."""
    return [
        {
            "label": str(retention.CATEGORIES[entry["category"]].label),
            "ground": str(retention.CATEGORIES[entry["category"]].ground),
            "number": ngettext("%(number)d record", "%(number)d records", entry["rows"]) % {"number": entry["rows"]},
            "until": _last_day(entry["until"], zone),
        }
        for entry in kept
    ]


def _last_day(iso: str, zone: str) -> str:
    """The day before the one at whose start something goes."""
    return date_format(local_date(datetime.fromisoformat(iso), zone) - timedelta(days=1), "DATE_FORMAT")


def _day(iso: str) -> str:
    return date_format(datetime.fromisoformat(iso), "DATE_FORMAT")


def _moment(iso: str) -> str:
    at = datetime.fromisoformat(iso)
    return f"{date_format(at, 'DATE_FORMAT')}, {date_format(at, 'TIME_FORMAT')} (UTC)"


def pdf(certificate: dict[str, Any]) -> bytes:
    """The certificate on paper, in the active language (about a tenth of a second)."""
    found = facts_of(certificate)
    return certificates.pdf(
        business=found["business"],
        words=_(
            "What this business had on this installation has been erased. What the law wants kept is listed below."
        ),
        head=found["head"],
        kept=[[f"{row['label']} ({row['number']})", row["ground"], row["until"]] for row in found["kept"]],
        rows=found["rows"],
    )


def send(closure: Closure) -> None:
    """Mail the certificate to the owner, with the sheet; leaves after the commit."""
    with translation.override(notices.language_of(closure)):
        context = {
            "business": closure.certificate["business"],
            "url": url(closure),
            "kept": kept_rows(closure.certificate["kept"], zone=closure.certificate["zone"]),
        }
        subject = " ".join(render_to_string("hosting/mail/erased_subject.txt", context).split())
        text = render_to_string("hosting/mail/erased_message.txt", context).strip()
        message = letters.with_html(EmailMultiAlternatives(subject, text, to=[closure.email]))
        message.attach("erasure.pdf", pdf(closure.certificate), "application/pdf")
        message.send()
