"""Split tests of pages: variants at one address, each to its share of visitors, until one is the best by a stated rule.

**Who sees what** is the edge's to say (`edge/splits.py`): the same variant each time, and no cookie for it.
**The rule.** A day is over when it is over for everybody, so a test is looked at once a day. It ends by itself once it has
run for the days it was given at least, each variant was seen by a hundred people, and the chance that one is the best is
above 95 %. Where that isn't so after the most days it was given, it ends without a winner and A stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.blocks.services import documents
from plainsail.kernel import chances, due
from plainsail.kernel.chances import Earned, Result
from plainsail.kernel.errors import Refusal
from plainsail.pages.models import Page, SplitSale, SplitTest, SplitVariant, Submission
from plainsail.pages.services import beside, editing, publishing
from plainsail.tracking import queries as tracking

LETTERS = "ABCDE"
SURE = 0.95
LEAST_PEOPLE = 100
LOOKING = "pages.split_tests"
EVERY = timedelta(days=1)
State, Goal = SplitTest.State, SplitTest.Goal


class NotPublished(Refusal):
    """The page has to be live."""

    code = "not_published"
    message = _("Publish the page first: a test shows its variants at its address.")


class UnderWay(Refusal):
    """A test that runs can't be changed: its numbers would say nothing."""

    code = "test_under_way"
    message = _("The test is running. End it first; changed in between, its numbers would say nothing.")


class TooMany(Refusal):
    """Five at most."""

    code = "too_many_variants"
    message = _("Five variants at most: with more of them each gets too few people to tell anything.")


class BadShares(Refusal):
    """Shares that don't make a hundred."""

    code = "bad_shares"
    message = _("The shares must add up to 100, and each be at least 1.")
    status = 422


@dataclass(frozen=True, kw_only=True)
class Row:
    """How a variant did: people who saw it, those who did what the test is about, the share, and how sure that is."""

    variant: SplitVariant
    seen: int
    people: int
    chance: float
    low: float
    high: float
    revenue: int
    """Minor units; all in one currency, that of most sales."""

    @property
    def share(self) -> float:
        """Percent."""
        return round(100 * self.people / self.seen, 2) if self.seen else 0.0

    @property
    def percents(self) -> tuple[float, float]:
        """Between which the true share lies with 95 %."""
        return round(100 * self.low, 1), round(100 * self.high, 1)


@dataclass(frozen=True)
class Report:
    """A test's variants, A first, with the currency of revenue (empty where nothing was sold), and what the rule says."""

    rows: Sequence[Row]
    currency: str
    leader: str
    is_sure: bool

    @property
    def has_enough(self) -> bool:
        return all(row.seen >= LEAST_PEOPLE for row in self.rows)


@transaction.atomic
def begin(page: Page, *, by: User | None, at: datetime) -> SplitTest:
    """A test to be prepared: A, which is the page, and B, a copy of it to be changed. The one there is, if there is one."""
    found: SplitTest | None = SplitTest.objects.filter(page=page).exclude(state=State.ENDED).first()
    if found is not None:
        return found
    test: SplitTest = SplitTest.objects.create(page=page, created_at=at)
    SplitVariant.objects.create(test=test, page=page, letter="A", share=50)
    _add(test, by=by, at=at)
    return test


@transaction.atomic
def add(test: SplitTest, *, by: User | None, at: datetime) -> SplitVariant:
    """One variant more, a copy of the page. All get the same share. Raises TooMany, UnderWay."""
    _refuse_unless_draft(test)
    return _add(test, by=by, at=at)


@transaction.atomic
def remove(variant: SplitVariant, *, at: datetime) -> None:
    """Without this variant; A stays, and B while there is no other. Raises UnderWay."""
    test = variant.test
    _refuse_unless_draft(test)
    if variant.page_id == test.page_id or test.variants.count() <= 2:
        return
    page = variant.page
    variant.delete()
    page.delete()
    _share_out(test)


@transaction.atomic
def set_up(
    test: SplitTest, *, goal: str, decides: bool, least_days: int, most_days: int, shares: Sequence[int]
) -> None:
    """What counts, how long, and which share each variant gets, A first. Raises UnderWay, BadShares."""
    _refuse_unless_draft(test)
    variants = list(test.variants.order_by("letter"))
    if len(shares) != len(variants) or sum(shares) != 100 or min(shares) < 1:
        raise BadShares
    test.goal, test.decides = goal, decides
    test.least_days, test.most_days = least_days, max(most_days, least_days)
    test.save(update_fields=["goal", "decides", "least_days", "most_days"])
    for variant, share in zip(variants, shares, strict=True):
        variant.share = share
        variant.save(update_fields=["share"])


@transaction.atomic
def start(test: SplitTest, *, by: User | None, at: datetime) -> None:
    """Show the variants, as their drafts are now, from this moment on. Raises NotPublished, UnderWay, NothingToPublish."""
    _refuse_unless_draft(test)
    if not test.page.is_published:
        raise NotPublished
    for variant in test.variants.exclude(page=test.page_id).select_related("page__workspace"):
        publishing.publish(variant.page, by=by, at=at)
    test.state, test.started_at = State.RUNNING, at
    test.save(update_fields=["state", "started_at"])
    publishing.refresh(test.page, at=at)
    due.schedule(LOOKING, at + EVERY)


@transaction.atomic
def end(test: SplitTest, *, winner: str, by: User | None, at: datetime) -> None:
    """Show one variant to everybody from now on: its words become the page's. Nothing happens to a test that ended."""
    locked: SplitTest = SplitTest.objects.select_for_update(of=("self",)).get(pk=test.pk)
    if not locked.is_running:
        return
    found = report(locked, at=at)
    test.state = locked.state = State.ENDED
    test.winner = locked.winner = winner
    locked.ended_at = at
    locked.decision = {
        "sure": found.is_sure,
        "chances": {row.variant.letter: round(row.chance, 4) for row in found.rows},
    }
    locked.save(update_fields=["state", "ended_at", "winner", "decision"])
    variants = list(locked.variants.select_related("page__workspace"))
    page = locked.page
    chosen = next((one.page for one in variants if one.letter == winner), page)
    live = publishing.live_document(chosen) if chosen.id != page.id else None
    for variant in variants:
        if variant.page_id != page.id and variant.page.is_published:
            publishing.unpublish(variant.page, at=at)
    if live is not None:
        whole = [{"op": "replace", "value": documents.save(live)}]
        editing.apply(page, whole, revision=page.revision, by=by, at=at)
    # A page that was taken off meanwhile stays off.
    if page.is_published and live is not None:
        publishing.publish(page, by=by, at=at)
    elif page.is_published:
        publishing.refresh(page, at=at)


@due.runs(LOOKING)
def look(*, at: datetime) -> datetime | None:
    """Look at every running test, and end those whose time has come. Returns when to look again."""
    running = SplitTest.objects.filter(state=State.RUNNING).select_related("page__workspace").order_by("id")
    for test in running:
        _decide(test, at=at)
    return at + EVERY if SplitTest.objects.filter(state=State.RUNNING).exists() else None


def _decide(test: SplitTest, *, at: datetime) -> None:
    assert test.started_at is not None, "it runs"
    age = at - test.started_at
    if not test.decides or age < timedelta(days=test.least_days):
        return
    found = report(test, at=at)
    if found.is_sure and found.has_enough:
        end(test, winner=found.leader, by=None, at=at)
    elif age >= timedelta(days=test.most_days):
        end(test, winner="A", by=None, at=at)


def report(test: SplitTest, *, at: datetime) -> Report:
    """How the variants did until now, or until the test ended. Four statements; the first reads the visits since it began."""
    variants = list(test.variants.select_related("page").order_by("letter"))
    start, finish = test.started_at or at, test.ended_at or at
    pages = [one.page_id for one in variants]
    seen = tracking.people_of_pages(pages, start=start, end=finish)
    sales = _sales(variants)
    opted = _people_who_sent(pages, start=start, end=finish)
    currency = _currency(sales)
    results, earned, revenues = [], [], {}
    for one in variants:
        bought = [sale for sale in sales if sale.variant_id == one.id]
        people = opted.get(one.page_id, 0) if test.goal == Goal.OPT_IN else len({sale.contact_id for sale in bought})
        results.append(Result(one.letter, max(seen.get(one.page_id, 0), people), people))
        amounts = [sale.amount for sale in bought if sale.currency == currency]
        revenues[one.letter] = sum(amounts)
        sent = max(seen.get(one.page_id, 0), len(amounts))
        earned.append(Earned(one.letter, sent, float(sum(amounts)), float(sum(amount**2 for amount in amounts))))
    found = chances.chances_to_earn_most(earned) if test.goal == Goal.REVENUE else chances.chances_to_be_best(results)
    rows = [
        Row(
            variant=one,
            seen=result.sent,
            people=result.people,
            chance=found[one.letter],
            low=chances.interval(result)[0],
            high=chances.interval(result)[1],
            revenue=revenues[one.letter],
        )
        for one, result in zip(variants, results, strict=True)
    ]
    leader = max(rows, key=lambda row: row.chance)
    happened = any(row.people for row in rows)
    return Report(rows, currency, leader.variant.letter if happened else "", happened and leader.chance > SURE)


def rule_of(test: SplitTest) -> str:
    """The rule by which a test ends, in words."""
    facts = {"people": LEAST_PEOPLE, "least": test.least_days, "most": test.most_days}
    if not test.decides:
        return (
            _text(
                "You end the test. Wait until each variant was seen by %(people)s people or more and one’s chance to be the "
                "best is above 95 in 100; looked at every day and ended at the first good moment, chance wins too often."
            )
            % facts
        )
    return (
        _text(
            "Looked at once a day. The test ends after %(least)s days or more, when each variant was seen by %(people)s people "
            "and one’s chance to be the best is above 95 in 100; that one is shown to everybody from then on. "
            "If there is none after %(most)s days, A stays."
        )
        % facts
    )


@transaction.atomic
def hear_sale(*, subject_id: UUID, contact_id: UUID, minor: int, currency: str, at: datetime) -> bool:
    """Credit a sale to the variant that the buyer saw last before, in each test that runs. Idempotent on `subject_id`."""
    running = SplitVariant.objects.filter(test__state=State.RUNNING, test__started_at__lte=at)
    variants = {one.page_id: one for one in running.select_related("test")}
    if not variants:
        return False
    credited = False
    for test_id in {one.test_id for one in variants.values()}:
        pages = {page_id: one for page_id, one in variants.items() if one.test_id == test_id}
        since = next(iter(pages.values())).test.started_at
        page_id = tracking.last_page_of_contact(contact_id, among=list(pages), start=since, end=at)
        if page_id is not None:
            row = {"contact_id": contact_id, "amount": minor, "currency": currency, "at": at}
            SplitSale.objects.get_or_create(variant=pages[page_id], subject_id=subject_id, defaults=row)
            credited = True
    return credited


def hear_refund(*, subject_id: UUID, minor: int) -> None:
    """What was given back was not earned."""
    SplitSale.objects.filter(subject_id=subject_id).update(amount=F("amount") - minor)


def _people_who_sent(pages: Sequence[UUID], *, start: datetime, end: datetime) -> dict[UUID, int]:
    found = Submission.objects.accepted().filter(page__in=pages, at__gte=start, at__lt=end, contact__isnull=False)
    counted: dict[UUID, set[UUID]] = {}
    for page_id, contact_id in found.values_list("page_id", "contact_id").distinct():
        counted.setdefault(page_id, set()).add(contact_id)
    return {page_id: len(people) for page_id, people in counted.items()}


def _sales(variants: Sequence[SplitVariant]) -> list[SplitSale]:
    return list(SplitSale.objects.filter(variant__in=variants, amount__gt=0))


def _currency(sales: Sequence[SplitSale]) -> str:
    known = [sale.currency for sale in sales]
    return max(sorted(set(known)), key=known.count, default="")


def _add(test: SplitTest, *, by: User | None, at: datetime) -> SplitVariant:
    taken = set(test.variants.values_list("letter", flat=True))
    letter = next((one for one in LETTERS if one not in taken), None)
    if letter is None:
        raise TooMany
    page = test.page
    made = beside.create(
        page.workspace, page.document, title=page.title, description=page.description, like=page, by=by, at=at
    )
    variant: SplitVariant = SplitVariant.objects.create(test=test, page=made, letter=letter, share=1)
    _share_out(test)
    return variant


def _share_out(test: SplitTest) -> None:
    """The same share for each; what is left over goes to A."""
    variants = list(test.variants.order_by("letter"))
    each = 100 // len(variants)
    for place, variant in enumerate(variants):
        variant.share = each + (100 - each * len(variants) if place == 0 else 0)
        variant.save(update_fields=["share"])


def _refuse_unless_draft(test: SplitTest) -> None:
    if not test.is_draft:
        raise UnderWay
