"""Lives in which add-ons are bought for a running contract, taken out and kept after all, too."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from plainsail.commerce.models import CreditNote, Offer
from plainsail.commerce.services import catalogue, checkout, sellers
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.kernel.errors import Refusal
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge
from plainsail.payments.services.charging import MethodUnusable
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.services import addon_removals, addons, changing, reminding
from plainsail.subscriptions.services.cancellation import AlreadyEnded, When
from plainsail.subscriptions.tests.lives import shapes
from plainsail.subscriptions.tests.lives.rules import INTERVALS, MINORS, pauses, picks


class Machine(shapes.Machine):
    """All that may happen in a life."""

    @rule(
        after=pauses,
        pick=picks,
        minor=st.sampled_from(MINORS),
        interval=st.sampled_from(INTERVALS),
        exclusive=st.booleans(),
    )
    def add_something(
        self, after: timedelta, pick: int, minor: int, interval: tuple[str, int], exclusive: bool
    ) -> None:
        """What is shown before is what is charged, and not a cent goes back (I11, for an add-on)."""
        self._let_pass(after)
        contract = self._one(pick, ended=False)
        if contract is not None:
            with workspace(self.life.of):
                base = changing.plan_of(contract).product
                offer = self._offer(
                    base,
                    PriceTerms(
                        amount=Money(minor, "EUR"),
                        interval=interval[0],
                        interval_count=interval[1],
                        tax_behavior="exclusive" if exclusive else "inclusive",
                    ),
                )
            self._add(contract, offer)
        self.look()

    def _offer(self, base: object, terms: PriceTerms) -> Offer:
        addon = catalogue.create_product(name="Kiln", terms=terms, at=self.life.now)
        addons.offer_to(base, addon, at=self.life.now)  # type: ignore[arg-type]  # a product
        found: Offer = Offer.objects.select_related("price__product").get(price__product=addon)
        return found

    def _add(self, contract: Subscription, offer: Offer) -> None:
        of, at = self.life.of, self.life.now
        with workspace(of):
            contract = self._loaded(contract)
            sends_money = reminding.is_by_transfer(contract)
            given, bills = self._noted(), set(Charge.objects.values_list("id", flat=True))
            try:
                shown = addons.preview(contract, offer, at=at)
            except Refusal:
                return
        with contextlib.suppress(addons.NotNow, MethodUnusable, sellers.SellerClosing):
            progress = addons.choose(
                of.pk,
                contract.id,
                offer,
                shown=shown.digest,
                trace=checkout.Trace(),
                return_path="/back/",
                at=at,
            )
            with workspace(of):
                new = Charge.objects.exclude(id__in=bills)
                taken = sum(one.amount_minor for one in new if one.has_succeeded)
                assert self._noted() == given
            if sends_money:
                assert taken <= shown.charge_minor, (
                    taken,
                    shown,
                )  # asked for; drawn at once from what they sent before
            else:
                assert taken == (shown.charge_minor if progress.state == "done" else 0), (taken, shown)

    @rule(after=pauses, pick=picks, when=st.sampled_from(("period_end", "period_end", "now")))
    def take_it_out(self, after: timedelta, pick: int, when: When) -> None:
        """What is shown before is what comes back (I11, for one item)."""
        self._let_pass(after)
        item = self._addon(pick)
        if item is not None:
            with workspace(self.life.of), contextlib.suppress(AlreadyEnded):
                item, at = self._whole(item), self.life.now
                standing, given = addon_removals.in_force(item), self._noted()
                shown = addon_removals.preview(item, when=when, at=at)
                made = addon_removals.remove(item, when=when, shown_minor=shown.refund_minor, at=at)
                if standing is None:
                    assert made.effective_at == shown.effective_at
                    assert self._noted() - given == shown.refund_minor, shown
        self.look()

    @rule(after=pauses, pick=picks)
    def keep_it_after_all(self, after: timedelta, pick: int) -> None:
        self._let_pass(after)
        item = self._addon(pick)
        if item is not None:
            with workspace(self.life.of), contextlib.suppress(addon_removals.NothingToKeep):
                addon_removals.keep(self._whole(item), at=self.life.now)
        self.look()

    @rule(pick=picks)
    def look_what_became_of_it(self, pick: int) -> None:
        """The customer comes back from the bank."""
        contract = self._one(pick, ended=False)
        if contract is not None:
            addons.look_up(self.life.of.pk, contract.id, at=self.life.now)
        self.look()

    def _addon(self, pick: int) -> SubscriptionItem | None:
        running = {one.id for one in self._contracts() if not one.is_ended}
        found = [
            item
            for _key, item in sorted(self.before.items.items())
            if item.role == SubscriptionItem.Role.ADDON and item.subscription_id in running
        ]
        return found[pick % len(found)] if found else None

    def _whole(self, item: SubscriptionItem) -> SubscriptionItem:
        rows = SubscriptionItem.objects.select_related("product", "subscription__account", "subscription__workspace")
        found: SubscriptionItem = rows.get(id=item.id)
        return found

    def _noted(self) -> int:
        return sum(CreditNote.objects.values_list("payable_minor", flat=True))
