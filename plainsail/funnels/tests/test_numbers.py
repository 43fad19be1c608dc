"""Numbers come from what happened: looks by people, forms sent, orders paid, mails; by source; and what-ifs are arithmetic."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.commerce.models import Offer, Price
from plainsail.commerce.services import refunding
from plainsail.commerce.tests.factories import MAREN, bought, seller
from plainsail.funnels import queries
from plainsail.funnels.models import Funnel, FunnelStep
from plainsail.funnels.queries import Period
from plainsail.funnels.services import drawing, looking, publishing, routing, simulating
from plainsail.funnels.services.looking import Way
from plainsail.funnels.services.routing import way
from plainsail.funnels.tests.factories import beside, live, steps
from plainsail.funnels.views.numbers import rate_of
from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.pages.services import submissions
from plainsail.tracking.models import Landing
from plainsail.tracking.services import landing

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


def looks(of, page, visitor, *, source="", at=None, agent=BROWSER):
    """Somebody's browser shows a published page."""
    at = at or clock.now()
    row = Landing(
        id=new_id(),
        workspace_id=of.id,
        kind="visit",
        at=at,
        visitor_id=visitor,
        page_id=page.id,
        path=page.path,
        ip="203.0.113.9",
        user_agent=agent,
        payload={"utm_source": source, "language": "de"} if source else {"language": "de"},
    )
    landing.record([row], at=at)


def goes_on(step, visitor, *, to="/", at=None):
    led = Way(path=way(step), to=to, visitor_id=visitor, ip="203.0.113.9", user_agent=BROWSER)
    looking.note(step, led, at=at or clock.now())


def sends(step, visitor, address):
    values = {"email": address, "first_name": "Maren"}
    visit = submissions.Visit(page_id=step.page_id, visitor_id=visitor)
    # A while after the page was shown: whoever is quicker than people are is held.
    submissions.receive(step.form, values, landing_id=new_id(), visit=visit, at=clock.now() + timedelta(seconds=30))


def month(source=""):
    return Period(clock.now() - timedelta(days=30), clock.now() + timedelta(minutes=1), source)


@pytest.mark.django_db
class TestCounted:
    @pytest.fixture
    def funnel(self, juniper):
        with workspace(juniper):
            seller()
            return live(juniper)

    def numbers(self, juniper, funnel, source=""):
        with workspace(juniper):
            rows = publishing.with_references(funnel)
            found = queries.numbers(rows, month(source))
            return {step.kind: found[step.id] for step in reversed(rows)}

    def test_people_are_counted_once_programs_never_and_losses_step_by_step(self, juniper, funnel):
        with workspace(juniper):
            step = steps(funnel)
            visitors = [new_id() for _number in range(4)]
            for visitor in [*visitors, visitors[0]]:
                looks(juniper, step["form"].page, visitor)
            looks(juniper, step["form"].page, new_id(), agent="curl/8.5")
            looks(juniper, step["form"].page, visitors[1], at=clock.now() - timedelta(days=90))
            for visitor in visitors[:2]:
                sends(step["form"], visitor, f"{visitor.hex}@example.com")
                goes_on(step["form"], visitor, to=f"/checkout/{step['checkout'].offer.slug}/")
        found = self.numbers(juniper, funnel)
        assert (found["form"].people, found["form"].done, found["form"].rate) == (4, 2, 50)
        assert (found["checkout"].people, found["checkout"].drop) == (2, 50)

    def test_whoever_signed_up_was_there_also_where_no_look_was_seen(self, juniper, funnel):
        with workspace(juniper):
            sends(steps(funnel)["form"], new_id(), "maren@example.com")
        found = self.numbers(juniper, funnel)["form"]
        assert (found.people, found.done, found.rate) == (1, 1, 100)

    def test_revenue_is_what_was_paid_less_what_went_back(self, juniper, funnel):
        with workspace(juniper):
            offer = steps(funnel)["checkout"].offer
        orders = [bought(juniper, offer), bought(juniper, offer)]
        with workspace(juniper):
            refunding.refund_order(orders[0], amount=Money(300, "EUR"), reason="Broken", at=clock.now())
        found = self.numbers(juniper, funnel)["checkout"]
        assert (found.done, found.revenue) == (2, [Money(700 + 700 - 300, "EUR")])

    def test_a_source_is_that_of_the_first_look_and_follows_to_the_purchase(self, juniper, funnel):
        with workspace(juniper):
            step = steps(funnel)
            one, other = new_id(), new_id()
            looks(juniper, step["form"].page, one, source="letter", at=clock.now() - timedelta(days=1))
            looks(juniper, step["form"].page, one, source="elsewhere")
            looks(juniper, step["form"].page, other)
            sends(step["form"], one, MAREN.email)
            sends(step["form"], other, "ines@example.com")
        bought(juniper, step["checkout"].offer)
        found = self.numbers(juniper, funnel, "letter")
        assert (found["form"].people, found["form"].done, found["checkout"].done) == (1, 1, 1)
        found = self.numbers(juniper, funnel, queries.DIRECT)
        assert (found["form"].people, found["form"].done, found["checkout"].done) == (1, 1, 0)
        with workspace(juniper):
            rows = publishing.with_references(funnel)
            assert queries.sources(rows, month()) == [("direct", 1), ("letter", 1)]

    def test_each_page_of_a_split_says_how_many_saw_it_and_went_on(self, as_ada, juniper, funnel):
        with workspace(juniper):
            thanks, form = steps(funnel)["thanks"].page, steps(funnel)["form"].page
            split = drawing.insert(funnel, position=0, kind="split", name="Which page?", at=clock.now())
            drawing.part(split, [(thanks, 60), (form, 40)], at=clock.now())
            split.refresh_from_db()
            before = clock.now() - timedelta(minutes=5)
            a, b = [new_id() for _number in range(3)], [new_id() for _number in range(2)]
            for page, visitors, source in ((thanks, a, "letter"), (form, b, "")):
                for visitor in visitors:
                    looks(juniper, page, visitor, source=source, at=before)
            for visitor in (a[0], b[0], b[1]):
                goes_on(split, visitor, at=before + timedelta(minutes=1))  # after they had looked
        found = self.numbers(juniper, funnel)["split"]
        assert (found.people, found.done) == (5, 3)
        assert [(half.page, half.people, half.done, half.rate) for half in found.pages] == [
            (thanks, 3, 1, 33),
            (form, 2, 2, 100),
        ]
        found = self.numbers(juniper, funnel, "letter")["split"]
        assert [(half.people, half.done) for half in found.pages] == [(3, 1), (0, 0)]
        home = f"/w/juniper/funnels/{funnel.id}/"
        page = as_ada.get(f"{home}?step={split.id}").content.decode()
        assert "1 of 3 went on" in page
        assert "2 went on" in as_ada.get(f"{home}numbers/").content.decode()

    def test_it_takes_the_same_few_statements_however_long_the_map(self, juniper, funnel, django_assert_num_queries):
        with workspace(juniper):
            rows = publishing.with_references(funnel)
            with django_assert_num_queries(5):
                queries.numbers(rows, month())
            with django_assert_num_queries(5):
                queries.numbers(rows * 3, month())


def step(kind, *, minor=0):
    made = FunnelStep(kind=kind, name=kind, position=0)
    if minor:
        made.offer = Offer(price=Price(unit_minor=minor, currency="EUR"))
    return made


@pytest.mark.django_db
class TestWhatTwoFunnelsUse:
    """Each counts who came through it."""

    @pytest.fixture
    def both(self, juniper):
        with workspace(juniper):
            seller()
            funnel = live(juniper)
            return funnel, beside(funnel, juniper)

    def numbers(self, juniper, funnel):
        with workspace(juniper):
            rows = publishing.with_references(funnel)
            found = queries.numbers(rows, month())
            return {step.kind: found[step.id] for step in reversed(rows)}

    def test_a_form_counts_where_it_was_sent(self, juniper, both):
        with workspace(juniper):
            one, other = (steps(funnel)["form"] for funnel in both)
            for number, step in enumerate((one, other, other)):
                sends(step, new_id(), f"guest-{number}@example.com")
        assert [self.numbers(juniper, funnel)["form"].done for funnel in both] == [1, 2]

    def test_purchases_and_looks_at_the_checkout_count_for_the_way_that_led_there(self, juniper, both):
        one, other = both
        with workspace(juniper):
            for funnel, number in ((one, 1), (other, 2)):
                step = steps(funnel)
                for _person in range(number):
                    goes_on(step["form"], new_id(), to=routing.checkout_of(step["checkout"]))
                led, offer = step["checkout"].id, step["checkout"].offer
        orders = [bought(juniper, offer, came_by=led)]
        with workspace(juniper):
            refunding.refund_order(orders[0], amount=Money(300, "EUR"), reason="Broken", at=clock.now())
        bought(juniper, offer)  # straight at the checkout: nobody knows of which
        found = [self.numbers(juniper, funnel)["checkout"] for funnel in both]
        assert [(each.people, each.done, each.revenue) for each in found] == [(1, 0, []), (2, 1, [Money(400, "EUR")])]
        assert [each.shared for each in found] == [[other.name], [one.name]]

    def test_a_page_counts_who_came_to_it_from_something_of_this_funnel_alone(self, juniper, both):
        one, other = both
        with workspace(juniper):
            thanks = steps(one)["thanks"].page
            drawing.change(steps(other)["thanks"], {"page": thanks}, at=clock.now())
            mine, theirs, nobodys = (new_id() for _number in range(3))
            looks(juniper, steps(one)["form"].page, mine)
            looks(juniper, steps(other)["form"].page, theirs)
            for visitor in (mine, theirs, nobodys):
                looks(juniper, thanks, visitor)
        assert [self.numbers(juniper, funnel)["thanks"].people for funnel in both] == [1, 1]

    def test_the_first_page_counts_all_and_says_so(self, as_ada, juniper, both):
        one, other = both
        with workspace(juniper):
            first = steps(one)["form"]
            drawing.change(steps(other)["form"], {"page": first.page}, at=clock.now())
            mine, somebody = new_id(), new_id()
            for visitor in (mine, somebody):
                looks(juniper, first.page, visitor)
            goes_on(first, mine)
            sends(first, mine, "mine@example.com")
        found = [self.numbers(juniper, funnel)["form"] for funnel in both]
        assert [(each.people, each.done) for each in found] == [(2, 1), (2, 0)]
        page = as_ada.get(f"/w/juniper/funnels/{one.id}/?step={first.id}").content.decode()
        assert "its visitors count in each until they go on" in page

    def test_a_funnel_that_never_led_anybody_shares_nothing(self, juniper, both):
        with workspace(juniper):
            for funnel in both:
                sends(steps(funnel)["form"], new_id(), f"{funnel.id.hex}@example.com")
            Funnel.objects.filter(id=both[1].id).update(published_at=None)
        assert self.numbers(juniper, both[0])["form"].done == 2
        assert self.numbers(juniper, both[0])["form"].shared == []


class TestWhatIf:
    def test_a_rate_of_a_few_people_is_none_yet(self):
        few, many = queries.StepNumbers(1, 1, "bought"), queries.StepNumbers(40, 10, "bought")
        assert [rate_of(each, typical=15) for each in (queries.StepNumbers(), few, many)] == [15, 15, 25]

    def test_people_times_rate_times_price(self):
        steps = [
            step("form"),
            step("mail"),
            step("checkout", minor=700),
            step("upsell", minor=7900),
            step("downsell", minor=1900),
            step("thanks"),
        ]
        rates = {str(one.id): rate for one, rate in zip(steps, (30, 0, 20, 25, 50, 100), strict=True)}
        found = simulating.simulate(steps, visitors=1000, rates=rates)
        assert [(each.step.kind, each.people, each.done) for each in found] == [
            ("form", 1000, 300),
            ("checkout", 300, 60),
            ("upsell", 60, 15),
            ("downsell", 45, 22),
            ("thanks", 60, 60),
        ]
        assert simulating.total(found) == [Money(60 * 700 + 15 * 7900 + 22 * 1900, "EUR")]

    @given(st.integers(1, 10_000_000), st.lists(st.integers(0, 100), min_size=3, max_size=3))
    def test_nobody_appears_from_nowhere(self, visitors, rates):
        steps = [step("page"), step("form"), step("checkout", minor=500)]
        by_id = {str(one.id): rate for one, rate in zip(steps, rates, strict=True)}
        found = simulating.simulate(steps, visitors=visitors, rates=by_id)
        assert all(0 <= each.done <= each.people <= visitors for each in found)
