"""What came of a broadcast, read from counters. Opens, clicks and sales are counted as they come; providers by a job."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape, unescape
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Broadcast, Feedback, Tally
from plainsail.mail.services import previews, tallies, variants
from plainsail.ui.charts import Series

HREF = re.compile(r'<a\b([^>]*?)\bhref="([^"]*)"([^>]*)>')
HOURS_SHOWN = 48
LOOKS = (timedelta(minutes=5), timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""When after a broadcast its providers are counted: by then most of what comes has come."""
MOST_PROVIDERS = 12

PROVIDERS = {
    "Gmail": ("gmail.com", "googlemail.com"),
    "Outlook": (
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "outlook.de",
        "hotmail.de",
        "hotmail.fr",
        "outlook.fr",
    ),
    "Yahoo": ("yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.co.uk", "ymail.com", "aol.com"),
    "iCloud": ("icloud.com", "me.com", "mac.com"),
    "GMX": ("gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com"),
    "WEB.DE": ("web.de",),
    "T-Online": ("t-online.de", "magenta.de"),
    "Proton": ("proton.me", "protonmail.com", "pm.me"),
    "Orange": ("orange.fr", "wanadoo.fr"),
    "Free": ("free.fr",),
    "Posteo": ("posteo.de", "posteo.net"),
    "Mailbox.org": ("mailbox.org",),
}
OF_DOMAIN = {domain: name for name, domains in PROVIDERS.items() for domain in domains}
COUNTS = ("accepted", "failed", "opened", "machine_opened", "clicked", "unsubscribed", "complained")


@dataclass(frozen=True)
class LinkRow:
    """A link with the people who followed it, and how often."""

    url: str
    people: int
    clicks: int


@dataclass(frozen=True)
class VariantRow:
    """One variant of a test: how far it came, and how likely it was the best when that was decided."""

    letter: str
    subject: str
    sent: int
    people: int
    low: float = 0.0
    high: float = 0.0
    chance: float = 0.0

    @property
    def percent(self) -> float:
        return 100 * self.people / self.sent if self.sent else 0.0


@dataclass(frozen=True)
class BackRow:
    """What came back after servers had taken it: of what kind, why, and from how many messages."""

    kind: str
    reason: str
    messages: int

    @property
    def label(self) -> str:
        return str(Feedback.Kind(self.kind).label)


@dataclass(frozen=True)
class HourRow:
    """An hour after it left (`3 h`), with the readers who first opened and first clicked in it."""

    label: str
    clicked: int
    opened: int
    machine_opened: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """A broadcast with its variants added in, if it had any."""

    totals: dict[str, int]
    links: Sequence[LinkRow]
    hours: Sequence[HourRow]
    providers: Sequence[Tally]
    sales: Sequence[tuple[Money, int]]
    complained: int
    back: Sequence[BackRow] = ()
    variants: Sequence[VariantRow] = ()
    rule: str = ""
    sources: Sequence[UUID] = field(default_factory=list)

    @property
    def lines(self) -> list[Series]:
        """Clicks, and opens by class, over the hours."""
        names = {"clicked": _("Clicked"), "opened": _("Opened"), "machine_opened": _("Opened by a proxy")}
        return [
            Series(str(words), [(hour.label, getattr(hour, name)) for hour in self.hours])
            for name, words in names.items()
        ]


def report(broadcast: Broadcast) -> Report:
    """Everything a report shows. Four statements, more for a test; none of them looks at messages that nothing came back of."""
    tested = variants.listed(broadcast) if broadcast.is_test else []
    every = [broadcast, *tested]
    rows = list(Tally.objects.filter(source_id__in=[each.id for each in every]).order_by("kind", "key", "id"))
    complaints = _complaints([each.id for each in every])
    providers = _with_complaints(_added(rows, Tally.Kind.PROVIDER), complaints)
    return Report(
        totals={name: sum(getattr(each, name) for each in every) for name in TOTALS},
        links=sorted(
            (LinkRow(each.key, each.clicked, each.clicks) for each in _added(rows, Tally.Kind.LINK)),
            key=lambda row: (-row.people, row.url),
        ),
        hours=_hours(_added(rows, Tally.Kind.HOUR), broadcast),
        providers=sorted(providers, key=lambda row: (-row.accepted - row.failed, row.key))[:MOST_PROVIDERS],
        sales=[(Money(each.minor, each.key), each.bought) for each in _added(rows, Tally.Kind.SALE)],
        complained=sum(complaints.values()),
        back=_came_back([each.id for each in every]),
        variants=_variants(broadcast, tested),
        rule=_rule(broadcast),
        sources=[each.id for each in every],
    )


TOTALS = (
    "audience",
    "accepted",
    "failed",
    "suppressed",
    "excluded",
    "uncertain",
    "clicked",
    "opened",
    "machine_opened",
    "unsubscribed",
)


def _added(rows: Sequence[Tally], kind: Tally.Kind) -> list[Tally]:
    """The counters of a kind, those of several sources under one key added up."""
    found: dict[str, Tally] = {}
    for row in rows:
        if row.kind != kind:
            continue
        if row.key not in found:
            found[row.key] = row
            continue
        for name in (*COUNTS, "clicks", "bought", "minor"):
            setattr(found[row.key], name, getattr(found[row.key], name) + getattr(row, name))
    return list(found.values())


def _complaints(sources: Sequence[UUID]) -> dict[str, int]:
    """Messages that were reported as spam, by mailbox provider: as they come in, not when providers are counted next."""
    found = Feedback.objects.filter(source_id__in=sources, kind=Feedback.Kind.COMPLAINT).order_by()
    by_provider: Counter[str] = Counter()
    for domain, messages in found.values_list("domain").annotate(n=Count("delivery_id", distinct=True)):
        by_provider[OF_DOMAIN.get(domain, domain)] += messages
    return dict(by_provider)


def _with_complaints(providers: list[Tally], complaints: Mapping[str, int]) -> list[Tally]:
    named = {each.key for each in providers}
    for each in providers:
        others = sum(number for name, number in complaints.items() if name not in named) if each.key == "*" else 0
        each.complained = complaints.get(each.key, 0) + others
    return providers


def _came_back(sources: Sequence[UUID]) -> list[BackRow]:
    """By kind and reason, the most frequent first; receipts are no news."""
    found = Feedback.objects.filter(source_id__in=sources).exclude(kind=Feedback.Kind.RECEIPT).order_by()
    counted = found.values_list("kind", "reason").annotate(n=Count("delivery_id", distinct=True))
    return sorted(
        (BackRow(kind, reason, messages) for kind, reason, messages in counted),
        key=lambda row: (-row.messages, row.kind, row.reason),
    )


def _hours(rows: Sequence[Tally], broadcast: Broadcast) -> list[HourRow]:
    """Readers who opened and clicked for the first time, hour by hour from the first message on; two days at most."""
    found = {row.key: row for row in rows if row.clicked or row.opened or row.machine_opened}
    if broadcast.started_at is None or not found:
        return []
    first = min(*found, tallies.hour_of(broadcast.started_at))
    start, last = (datetime.fromisoformat(f"{key}:00+00:00") for key in (first, max(found)))
    count = min(int((last - start) / timedelta(hours=1)) + 1, HOURS_SHOWN)
    nothing = Tally()
    shown = [found.get(tallies.hour_of(start + timedelta(hours=step)), nothing) for step in range(count)]
    return [HourRow(f"{step} h", row.clicked, row.opened, row.machine_opened) for step, row in enumerate(shown)]


def _variants(broadcast: Broadcast, tested: Sequence[Broadcast]) -> list[VariantRow]:
    decided = {row["letter"]: row for row in broadcast.decision.get("rows", [])}
    results = {each.letter: each for each in variants.results_of(broadcast, tested)} if tested else {}
    return [
        VariantRow(
            letter=each.letter,
            subject=str(each.edition or each.email),
            sent=decided.get(each.letter, {}).get("sent", results[each.letter].sent),
            people=decided.get(each.letter, {}).get("people", results[each.letter].people),
            low=decided.get(each.letter, {}).get("low", 0.0),
            high=decided.get(each.letter, {}).get("high", 0.0),
            chance=decided.get(each.letter, {}).get("chance", 0.0),
        )
        for each in tested
    ]


def _rule(broadcast: Broadcast) -> str:
    decision = broadcast.decision
    if not decision:
        return ""
    chance = next((row["chance"] for row in decision["rows"] if row["letter"] == decision["letter"]), 0.0)
    return variants.said(decision["rule"], decision["letter"], chance)


@job("mail.count_providers")
def count_providers(*, broadcast_id: UUID) -> None:
    """Count a broadcast's messages by mailbox provider anew. One statement over its part of the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lower(split_part(c.email, '@', 2)), count(*) FILTER (WHERE d.state = 'accepted'), "
            "  count(*) FILTER (WHERE d.state = 'failed'), count(d.opened_at), count(d.machine_opened_at), "
            "  count(d.clicked_at), count(d.unsubscribed_at), count(s.id) "
            "FROM mail_delivery d JOIN contacts_contact c ON c.workspace_id = d.workspace_id AND c.id = d.contact_id "
            "LEFT JOIN contacts_suppression s ON s.workspace_id = d.workspace_id AND s.address_hash = c.address_hash "
            "  AND s.reason = 'complaint' AND s.at BETWEEN d.settled_at AND d.settled_at + interval '14 days' "
            "WHERE d.workspace_id = %s AND d.source_kind = 'broadcast' AND d.source_id = %s GROUP BY 1",
            [current_workspace_id(), broadcast_id],
        )
        by_domain = cursor.fetchall()
    _keep_providers(broadcast_id, by_domain)


@transaction.atomic
def _keep_providers(broadcast_id: UUID, by_domain: Sequence[tuple[str | int, ...]]) -> None:
    sums: dict[str, list[int]] = {}
    for domain, *counts in by_domain:
        name = OF_DOMAIN.get(str(domain), str(domain))
        before = sums.get(name, [0] * len(COUNTS))
        sums[name] = [a + int(b) for a, b in zip(before, counts, strict=True)]
    Tally.objects.filter(source_id=broadcast_id, kind=Tally.Kind.PROVIDER).delete()
    largest = sorted(sums, key=lambda name: (-sums[name][0] - sums[name][1], name))
    kept, rest = largest[: MOST_PROVIDERS - 1], largest[MOST_PROVIDERS - 1 :]
    rows = {name: sums[name] for name in kept}
    if rest:
        rows["*"] = [sum(column) for column in zip(*(sums[name] for name in rest), strict=True)]
    Tally.objects.bulk_create(
        Tally(
            source_id=broadcast_id,
            kind=Tally.Kind.PROVIDER,
            key=name,
            key_hash=tallies.key_hash(name),
            **dict(zip(COUNTS, counts, strict=True)),
        )
        for name, counts in rows.items()
    )


def look_again(broadcast_id: UUID, *, at: datetime) -> None:
    """Count providers some times in the week after a broadcast."""
    for wait in LOOKS:
        count_providers.later_at(at + wait, broadcast_id=broadcast_id)


def click_map(broadcast: Broadcast, business: Workspace) -> str:
    """The mail with, at each link, how many of the people who got it followed it; sections for some readers only are all there."""
    written = broadcast.edition or broadcast.email
    sender = broadcast.sender
    assert sender is not None, "chosen before it left"
    found = report(broadcast)
    html = previews.show_all(written, business, sender=sender, topic=broadcast.list).in_scheme("light")
    people = {row.url: row.people for row in found.links}
    accepted = found.totals["accepted"]

    def mark(match: re.Match[str]) -> str:
        count = people.get(unescape(match[2]))
        if count is None:
            return match[0]
        share = f"{100 * count / accepted:.1f}%" if accepted else "–"
        words = escape(_("%(share)s · %(people)s") % {"share": share, "people": f"{count:,}"})
        return f'{match[0]}<span style="{BADGE}">{words}</span> '

    return HREF.sub(mark, html)


BADGE = (
    "display:inline-block;margin:0 6px 0 0;padding:2px 7px;border-radius:9px;background:#7a2048;color:#ffffff;"
    "font:600 12px/1.3 sans-serif;text-decoration:none"
)


def rows_for_csv(broadcast: Broadcast, found: Report) -> list[list[str]]:
    """The report as a table: what, of what, how many."""
    rows = [["what", "of", "number"]]
    rows += [[name, "", str(number)] for name, number in found.totals.items()]
    rows.append(["complained", "", str(found.complained)])
    rows += [["came back", f"{each.kind} {each.reason}".strip(), str(each.messages)] for each in found.back]
    for link in found.links:
        rows += [["link people", link.url, str(link.people)], ["link clicks", link.url, str(link.clicks)]]
    rows += [[f"provider {name}", each.key, str(getattr(each, name))] for each in found.providers for name in COUNTS]
    for money, bought in found.sales:
        rows += [["revenue in minor units", money.currency, str(money.minor)], ["buyers", money.currency, str(bought)]]
    for hour in found.hours:
        rows.append(["clicked for the first time", hour.label, str(hour.clicked)])
        rows.append(["opened for the first time", hour.label, str(hour.opened)])
        rows.append(["opened by a proxy for the first time", hour.label, str(hour.machine_opened)])
    for each in found.variants:
        rows += [["variant sent", each.letter, str(each.sent)], ["variant people", each.letter, str(each.people)]]
    began = broadcast.started_at.astimezone(UTC).isoformat() if broadcast.started_at else ""
    return [*rows, ["began", "", began]]
