"""A contract's life: bought, renewed, declined and tried again, cancelled, taken back, ended. Nothing is charged after a cancellation."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from plainsail.commerce.models import Invoice, InvoiceLine
from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.crypto import sign
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.kernel.testing.web import Browser
from plainsail.payments.models import Charge, Refund
from plainsail.payments.tests.factories import saved
from plainsail.portal.models import Grant
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Cancellation, CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, declaring, dunning, links, renewal
from plainsail.subscriptions.tests.factories import subscribed

SAVES_THEN_FAILS = "4000 0000 0000 0341"
DOOR = CancellationRequest.Door.PORTAL
MONTH = datetime(2026, 12, 23, 0, 0, tzinfo=UTC)


@pytest.fixture
def contract(juniper) -> Subscription:
    return subscribed(juniper)


def cancel(contract: Subscription, *, when="period_end", at=NOON) -> Cancellation:
    with workspace(contract.workspace_id):
        data = {"when": when}
        request = declaring.declare(declaring.from_confirm_page(data, contract, door=DOOR), received_at=at)
        return cancellation.put_in_force(request, contract, when=when, at=at)


def advance(of, to) -> int:
    return clocks.advance(of.pk, to=to, at=NOON)


def fresh(contract: Subscription) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def charges(of) -> int:
    with workspace(of):
        return Charge.objects.filter(state=Charge.State.SUCCEEDED).count()


def test_buying_a_monthly_price_begins_a_contract_with_access(contract, juniper):
    with workspace(juniper):
        item = contract.items.get()
        assert (contract.state, item.unit_minor, item.starts_on) == ("active", 2900, date(2026, 11, 23))
        assert item.charged_through == date(2026, 12, 23)
        assert Grant.objects.filter(source_id=contract.id, revoked_at=None).count() == 1
        assert InvoiceLine.objects.get(item_id=item.id).period_start == item.starts_on


def test_a_month_later_it_renews_once_and_is_charged(contract, juniper):
    assert advance(juniper, MONTH + timedelta(days=1)) == 1
    run_jobs(at=NOON)
    assert charges(juniper) == 2
    with workspace(juniper):
        lines = list(InvoiceLine.objects.order_by("period_start").values_list("period_start", "period_end"))
        assert lines == [
            (date(2026, 11, 23), date(2026, 12, 23)),
            (date(2026, 12, 23), date(2027, 1, 23)),
        ]
        assert juniper.events.filter(name="subscriptions.renewed").count() == 1


def test_a_year_on_the_test_clock_is_twelve_renewals_without_gap_or_overlap(contract, juniper):
    """And two letters: what is paid every month is announced every six."""
    assert advance(juniper, NOON + timedelta(days=366)) == 12 + 2
    with workspace(juniper):
        lines = list(InvoiceLine.objects.order_by("period_start").values_list("period_start", "period_end"))
    assert len(lines) == 13
    assert all(before[1] == after[0] for before, after in zip(lines, lines[1:], strict=False))


def test_cancelling_keeps_access_until_the_paid_time_ends_and_nothing_is_charged_after(contract, juniper):
    made = cancel(contract)
    assert made.effective_at == fresh(contract).renews_at
    with workspace(juniper):
        assert Grant.objects.filter(revoked_at=None).count() == 1
    advance(juniper, NOON + timedelta(days=100))
    run_jobs(at=NOON)
    after = fresh(contract)
    assert (after.state, after.end_reason, charges(juniper)) == ("ended", "cancelled", 1)
    with workspace(juniper):
        assert Grant.objects.filter(revoked_at=None).count() == 0
        assert after.items.filter(ends_on=None).count() == 0


def test_cancelling_twice_is_cancelling_once(contract, juniper):
    first, second = cancel(contract), cancel(contract, at=NOON + timedelta(hours=1))
    assert first.pk == second.pk
    with workspace(juniper):
        assert (Cancellation.objects.count(), CancellationRequest.objects.count()) == (1, 2)


def test_undoing_lets_it_renew_as_before(contract, juniper):
    cancel(contract)
    with workspace(juniper):
        cancellation.undo(contract, by="customer", at=NOON + timedelta(days=2))
    advance(juniper, MONTH + timedelta(days=1))
    assert (fresh(contract).state, charges(juniper)) == ("active", 2)


def test_there_is_nothing_to_undo_once_it_ended(contract, juniper):
    cancel(contract)
    advance(juniper, NOON + timedelta(days=100))
    with workspace(juniper), pytest.raises(cancellation.NothingToUndo):
        cancellation.undo(contract, by="customer", at=NOON + timedelta(days=100))


def test_ending_now_within_fourteen_days_gives_everything_back(contract, juniper):
    with workspace(juniper):
        shown = cancellation.preview(contract, when="now", at=NOON + timedelta(days=3))
    assert (shown.refund_minor, shown.refund_rule) == (2900, "full")
    cancel(contract, when="now", at=NOON + timedelta(days=3))
    run_jobs(at=NOON)
    assert fresh(contract).state == "ended"
    with workspace(juniper):
        assert [(refund.amount_minor, refund.state) for refund in Refund.objects.all()] == [(2900, "succeeded")]


def test_after_that_a_monthly_contract_gives_nothing_back_for_the_running_month(contract, juniper):
    with workspace(juniper):
        assert cancellation.preview(contract, when="now", at=NOON + timedelta(days=20)).refund_minor == 0


def test_a_yearly_contract_gives_back_the_days_not_used(juniper):
    contract = subscribed(juniper, minor=36500, interval_count=12)
    with workspace(juniper):
        shown = cancellation.preview(contract, when="now", at=NOON + timedelta(days=100))
    assert (shown.refund_minor, shown.refund_rule) == (26500, "prorated")


def test_what_was_shown_must_be_met(contract, juniper):
    with workspace(juniper), pytest.raises(cancellation.QuoteChanged):
        cancellation.keep_promise(contract, shown_minor=2900, at=NOON + timedelta(days=20))


def test_a_declined_renewal_is_tried_again_and_ends_the_contract_at_last(juniper):
    contract = subscribed(juniper)
    failing = saved(juniper, SAVES_THEN_FAILS, payer_key=contract.account_id)
    with workspace(juniper):
        contract.payment_method_id = failing.pk
        contract.save(update_fields=["payment_method_id"])
    advance(juniper, MONTH + timedelta(hours=1))
    run_jobs(at=NOON)
    with workspace(juniper):
        case = contract.dunning_cases.get()
        assert case.tries == 1
    for days in (4, 8, 16):
        advance(juniper, MONTH + timedelta(days=days))
        run_jobs(at=NOON)
    after = fresh(contract)
    assert (after.state, after.end_reason, charges(juniper)) == ("ended", "payment_failed", 1)
    with workspace(juniper):
        assert Invoice.objects.order_by("issued_at").last().state == "uncollectible"


def test_cancelling_while_past_due_stops_every_further_try(juniper):
    contract = subscribed(juniper)
    advance(juniper, MONTH - timedelta(days=3))
    at = MONTH + timedelta(hours=1)
    with workspace(juniper):
        contract.payment_method_id = None
        contract.save(update_fields=["payment_method_id"])
    renewal.renew(juniper.pk, contract.pk, at=at)
    cancel(fresh(contract), at=at)
    after = fresh(contract)
    assert (after.is_ended, charges(juniper)) == (True, 1)
    with workspace(juniper):
        assert contract.dunning_cases.get().closed_at is not None
        assert Invoice.objects.order_by("issued_at").last().state == "void"
        case = contract.dunning_cases.get()
        dunning.decline(case.invoice_id, charge_id=case.id, decline_class="soft", at=at)
    assert fresh(contract).end_reason == "cancelled"


def test_a_charge_that_meets_a_cancellation_is_not_made(contract, juniper):
    cancel(contract)
    with workspace(juniper):
        Subscription.objects.filter(pk=contract.pk).update(scheduled_end_at=None)
    renewal.renew(juniper.pk, contract.pk, at=MONTH + timedelta(hours=1))
    assert charges(juniper) == 1


def test_declarations_can_not_be_changed_or_deleted(contract, juniper):
    cancel(contract)
    with workspace(juniper):
        for statement in ("UPDATE subscriptions_{} SET id = id", "DELETE FROM subscriptions_{}"):
            for table in ("cancellationrequest", "cancellation", "cancellationquote"):
                with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(statement.format(table))


class TestDoors:
    @pytest.fixture
    def site(self, juniper) -> Client:
        return Browser(headers={"host": "juniper.localhost"})

    def path(self, contract) -> str:
        with workspace(contract.workspace_id):
            return links.cancel_path(contract)

    def test_the_link_in_a_receipt_shows_everything_and_changes_nothing_until_confirmed(self, contract, juniper, site):
        page = site.get(self.path(contract))
        words = page.content.decode()
        assert page.status_code == 200
        assert "Cancel subscription" in words
        assert "€29.00" in words
        assert fresh(contract).scheduled_end_at is None
        done = site.post(self.path(contract), {"when": "period_end", "shown_refund": "2900"})
        assert done.status_code == 302
        receipt = site.get(done["Location"]).content.decode()
        assert contract.reference in receipt
        assert fresh(contract).scheduled_end_at is not None

    def test_reason_and_feedback_are_kept_and_never_asked_for(self, contract, juniper, site):
        site.post(self.path(contract), {"when": "period_end", "reason": "unused", "feedback": "Thank you anyway"})
        with workspace(juniper):
            request = CancellationRequest.objects.get()
            assert (request.reason_code, request.feedback) == ("unused", "Thank you anyway")

    def test_the_receipt_is_a_page_a_pdf_and_a_mail_and_undoes(self, contract, juniper, site, outbox):
        where = site.post(self.path(contract), {"when": "period_end"})["Location"]
        assert site.get(f"{where}pdf/").content.startswith(b"%PDF")
        run_jobs(at=NOON)
        assert any(f"Cancelled: {contract.reference}" in mail["Subject"] for mail in outbox)
        assert site.get(f"{where}undo/").status_code == 405
        assert site.post(f"{where}undo/").status_code == 302
        assert fresh(contract).scheduled_end_at is None

    @pytest.mark.parametrize(
        "values", [{}, {"when": "yesterday"}, {"when": "now", "shown_refund": "-1"}, {"reason": "x" * 900}]
    )
    def test_bad_input_is_said_and_cancels_nothing(self, contract, site, values):
        assert site.post(self.path(contract), values).status_code == 422
        assert fresh(contract).scheduled_end_at is None

    def test_forged_and_foreign_links_lead_nowhere(self, contract, juniper, acme, site):
        foreign = Browser(headers={"host": "acme.localhost"})
        assert foreign.post(self.path(contract), {"when": "period_end"}).status_code == 404
        forged = sign("another.purpose", juniper.id.bytes + contract.id.bytes)
        assert site.post(f"/cancel/{forged}/", {"when": "period_end"}).status_code == 404
        assert fresh(contract).scheduled_end_at is None

    def test_the_public_page_asks_for_exactly_what_the_law_allows(self, site, juniper):
        import re

        words = site.get("/cancel/").content.decode()
        names = set(re.findall(r'<(?:input|textarea|select)[^>]* name="([^"]+)"', words)) - {"csrfmiddlewaretoken"}
        assert names == {"kind", "cause", "name", "contract", "end", "email"}
        assert re.search(r"<button[^>]*>\s*cancel now\s*</button>", words)

    def declare(self, site, contract: str, email: str = "maren@example.com", **more):
        values = {"kind": "ordinary", "name": "Maren", "contract": contract, "email": email, **more}
        return site.post("/cancel/", values)

    def test_a_public_notice_cancels_the_contract_it_names(self, contract, juniper, site, outbox):
        answer = self.declare(site, contract.reference)
        assert answer.status_code == 302
        assert site.get(answer["Location"]).status_code == 200
        run_jobs(at=NOON)
        assert fresh(contract).scheduled_end_at is not None
        assert len([mail for mail in outbox if "declaration" in mail["Subject"].lower()]) == 1

    def test_a_public_notice_never_tells_whether_a_contract_exists(self, contract, juniper, site):
        known, unknown = self.declare(site, contract.reference), self.declare(site, "S-NOTHING", "who@example.com")
        pages = [site.get(answer["Location"]) for answer in (known, unknown)]
        assert [page.status_code for page in pages] == [200, 200]
        assert "2026" in pages[0].content.decode()
        run_jobs(at=NOON)
        with workspace(juniper):
            assert queries.unmatched(juniper).count() == 1

    def test_an_unmatched_notice_counts_from_its_arrival_once_somebody_matches_it(
        self, contract, juniper, site, as_ada
    ):
        self.declare(site, "my pottery club", "who@example.com")
        with workspace(juniper):
            notice = queries.unmatched(juniper).get()
        as_ada.post(f"/w/juniper/sales/cancellations/{notice.id}/match/", {"subscription": contract.reference})
        with workspace(juniper):
            assert Cancellation.objects.get().request_id == notice.id
        assert fresh(contract).scheduled_end_at is not None

    def test_what_is_declared_twice_is_kept_twice_and_leaves_nothing_to_do(self, contract, juniper, site, as_ada):
        for _ in range(2):
            self.declare(site, contract.reference)
            run_jobs(at=NOON)
        with workspace(juniper):
            assert not queries.unmatched(juniper).exists()
            made = Cancellation.objects.get()
            assert [again.request_id == made.request_id for again in made.repetitions.all()] == [False]
        page = as_ada.get("/w/juniper/sales/cancellations/").content.decode()
        assert (page.count(f">{contract.reference}</a>"), page.count("said again")) == (2, 1)

    def test_withdrawing_ends_at_once_and_gives_everything_back(self, contract, juniper, site):
        values = {"name": "Maren", "contract": contract.reference, "email": "maren@example.com"}
        assert site.post("/withdraw/", values).status_code == 302
        run_jobs(at=NOON)
        assert fresh(contract).end_reason == "withdrawn"
        with workspace(juniper):
            assert Refund.objects.get().amount_minor == 2900

    def test_staff_see_contracts_and_record_a_letter(self, contract, juniper, as_ada, as_cleo):
        base = f"/w/juniper/sales/subscriptions/{contract.id}/"
        assert as_ada.get("/w/juniper/sales/subscriptions/").status_code == 200
        assert as_ada.get(base).status_code == 200
        assert as_ada.get("/w/juniper/sales/cancellations/").status_code == 200
        assert as_ada.get(f"{base}cancellation/").status_code == 200
        assert as_cleo.get(base).status_code == 404
        done = as_ada.post(
            f"{base}cancellation/", {"received_at": "2026-11-20T10:00", "when": "period_end", "note": "letter"}
        )
        assert done.status_code == 302
        assert fresh(contract).scheduled_end_at is not None
        assert as_ada.post(f"{base}cancellation/undo/").status_code == 302
        assert fresh(contract).scheduled_end_at is None
