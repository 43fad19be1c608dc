"""Counters that reports read: each noted once as it happens, in a few statements for a batch however large."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection

from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Delivery, LinkClick, Sale, Tally
from plainsail.tracking.models import Agent, Hit

Key = tuple[UUID, str, str]
"""Source, kind, key."""
COUNTED = frozenset({"opened", "machine_opened", "clicked", "clicks", "unsubscribed", "bought", "minor"})
BOUGHT_WITHIN = timedelta(days=7)
"""An order placed within this time of a click in a mail came from it, as far as anybody can tell."""


def key_hash(key: str) -> str:
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def hour_of(at: datetime) -> str:
    """An hour's key, such as `2026-12-01T09`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H")


def add(column: str, amounts: Mapping[Key, int], *, at: datetime) -> None:
    """Add to one counter of some keys, in one statement."""
    assert column in COUNTED, "a column of Tally"
    keys = sorted(amounts, key=lambda key: (key[0].bytes, key[1], key_hash(key[2])))  # one order for all: no deadlock
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO mail_tally (id, created_at, workspace_id, source_id, kind, key, key_hash, "{column}", {_zero(column)}) '
            f"SELECT t.id, %s, %s, t.source, t.kind, t.key, t.hash, t.amount, {_noughts(column)} FROM "
            "unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::bigint[]) "
            "AS t(id, source, kind, key, hash, amount) "
            "ON CONFLICT (workspace_id, source_id, kind, key_hash) "
            f'DO UPDATE SET "{column}" = mail_tally."{column}" + EXCLUDED."{column}"',
            [
                at,
                current_workspace_id(),
                [new_id() for _key in keys],
                [source for source, _kind, _name in keys],
                [kind for _source, kind, _name in keys],
                [name for _source, _kind, name in keys],
                [key_hash(name) for _source, _kind, name in keys],
                [amounts[key] for key in keys],
            ],
        )


def take_back(column: str, amounts: Mapping[Key, int]) -> None:
    """Take from one counter of some keys what was counted by mistake, in one statement; none falls below nought."""
    assert column in COUNTED, "a column of Tally"
    keys = sorted(amounts, key=lambda key: (key[0].bytes, key[1], key_hash(key[2])))
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE mail_tally m SET "{column}" = greatest(m."{column}" - t.amount, 0) '
            "FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bigint[]) AS t(source, kind, hash, amount) "
            "WHERE m.workspace_id = %s AND m.source_id = t.source AND m.kind = t.kind AND m.key_hash = t.hash",
            [
                [source for source, _kind, _name in keys],
                [kind for _source, kind, _name in keys],
                [key_hash(name) for _source, _kind, name in keys],
                [amounts[key] for key in keys],
                current_workspace_id(),
            ],
        )


ALL = (
    "accepted",
    "failed",
    "opened",
    "machine_opened",
    "clicked",
    "clicks",
    "unsubscribed",
    "complained",
    "bought",
    "minor",
)


def _zero(column: str) -> str:
    return ", ".join(f'"{name}"' for name in ALL if name != column)


def _noughts(column: str) -> str:
    return ", ".join("0" for name in ALL if name != column)


def note_hours(column: str, noted: Iterable[tuple[UUID, datetime]], *, at: datetime) -> None:
    """Count readers of sources by the hour in which they first did something."""
    counted = Counter((source, Tally.Kind.HOUR.value, hour_of(moment)) for source, moment in noted)
    add(column, counted, at=at)


def note_links(hits: Sequence[Hit], *, at: datetime) -> None:
    """Count the clicks of a batch by link: times, and people each once. Three statements."""
    chosen = [
        hit
        for hit in hits
        if hit.kind == "click" and hit.agent == Agent.HUMAN and hit.delivery_id is not None and hit.url
    ]
    if not chosen:
        return
    ids = {hit.delivery_id for hit in chosen}
    sources = dict(Delivery.objects.filter(id__in=ids).order_by().values_list("id", "source_id"))
    known = [hit for hit in chosen if hit.delivery_id in sources]
    kind = Tally.Kind.LINK.value
    times = Counter((sources[hit.delivery_id], kind, hit.url) for hit in known)
    firsts = {(hit.delivery_id, key_hash(hit.url)): hit for hit in reversed(known)}
    fresh = _first_clicks(list(firsts.values()), sources)
    people = Counter((sources[hit.delivery_id], kind, hit.url) for pair, hit in firsts.items() if pair in fresh)
    add("clicks", times, at=at)
    add("clicked", people, at=at)


def forget_links(hits: Sequence[Hit]) -> None:
    """Take clicks that were a program's out of the counts by link, and readers of whom no other click there is left."""
    ids = {hit.delivery_id for hit in hits}
    sources = dict(Delivery.objects.filter(id__in=ids).order_by().values_list("id", "source_id"))
    known = [hit for hit in hits if hit.delivery_id in sources and hit.url]
    kind = Tally.Kind.LINK.value
    left = set(
        Hit.objects.filter(delivery_id__in=ids, kind="click", agent=Agent.HUMAN)
        .order_by()
        .values_list("delivery_id", "url")
    )
    gone = {(hit.delivery_id, hit.url) for hit in known} - left
    for delivery_id, url in gone:
        LinkClick.objects.filter(delivery_id=delivery_id, url_hash=key_hash(url)).delete()
    take_back("clicks", Counter((sources[hit.delivery_id], kind, hit.url) for hit in known))
    take_back("clicked", Counter((sources[delivery_id], kind, url) for delivery_id, url in gone))


def _first_clicks(hits: Sequence[Hit], sources: Mapping[UUID, UUID]) -> set[tuple[UUID, str]]:
    """Write down who followed which link; returns the pairs that were new."""
    if not hits:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mail_linkclick (id, created_at, workspace_id, delivery_id, source_id, url_hash, at) "
            "SELECT t.id, t.at, %s, t.delivery, t.source, t.hash, t.at FROM "
            "unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[]) AS t(id, delivery, source, hash, at) "
            "ON CONFLICT (workspace_id, delivery_id, url_hash) DO NOTHING RETURNING delivery_id, url_hash",
            [
                current_workspace_id(),
                [new_id() for _hit in hits],
                [hit.delivery_id for hit in hits],
                [sources[hit.delivery_id] for hit in hits if hit.delivery_id is not None],
                [key_hash(hit.url) for hit in hits],
                [hit.at for hit in hits],
            ],
        )
        return {(delivery, hashed) for delivery, hashed in cursor.fetchall()}


def hear_sale(*, order_id: UUID, contact_id: UUID, minor: int, currency: str, at: datetime) -> None:
    """Somebody bought: it came from the mail that they clicked in last, within a week before. Counted once for each order."""
    last = (
        Delivery.objects.filter(contact_id=contact_id, clicked_at__gt=at - BOUGHT_WITHIN, clicked_at__lte=at)
        .order_by("-clicked_at", "-id")
        .first()
    )
    if last is None:
        return
    is_first = not _has_bought(last.source_id, last.id)
    values = {"delivery_id": last.id, "source_id": last.source_id, "currency": currency, "minor": minor, "at": at}
    _sale, is_new = Sale.objects.get_or_create(order_id=order_id, defaults=values)
    if not is_new:
        return
    key = (last.source_id, Tally.Kind.SALE.value, currency)
    add("minor", {key: minor}, at=at)
    if is_first:
        add("bought", {key: 1}, at=at)


def hear_refund(*, order_id: UUID, minor: int, at: datetime) -> None:
    """Money of an order went back: the mail that it came from earned that much less, and if it was all of it, sold nothing."""
    sale = Sale.objects.select_for_update().filter(order_id=order_id).first()
    if sale is None:
        return
    back = min(minor, sale.minor)
    Sale.objects.filter(id=sale.id).update(minor=sale.minor - back)
    key = (sale.source_id, Tally.Kind.SALE.value, sale.currency)
    add("minor", {key: -back}, at=at)
    if back and back == sale.minor and not _has_bought(sale.source_id, sale.delivery_id):
        take_back("bought", {key: 1})


def _has_bought(source_id: UUID, delivery_id: UUID) -> bool:
    """Whether there is a sale from this message whose money did not all go back."""
    return bool(Sale.objects.filter(source_id=source_id, delivery_id=delivery_id, minor__gt=0).exists())
