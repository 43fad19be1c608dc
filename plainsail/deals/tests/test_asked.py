"""Deals asked by segments, found by search, and reached by programs."""

from __future__ import annotations

import pytest

from plainsail.accounts.tests.factories import program
from plainsail.contacts import queries
from plainsail.contacts.conditions import offered
from plainsail.contacts.models import Contact
from plainsail.contacts.sockets import EXPORTED
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.deals.models import Deal
from plainsail.deals.services import deals
from plainsail.deals.tests.factories import DealFactory, PipelineFactory, StageFactory
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace


def people(tree) -> set[str]:
    found = Contact.objects.filter(queries.condition_of(tree, at=clock.now()))
    return {one.email for one in found}


class TestSegments:
    @pytest.fixture
    def three(self, in_juniper):
        stage = StageFactory(name="Offer")
        first, second, third = (ContactFactory(email=f"{name}@example.com") for name in ("ann", "bo", "cy"))
        DealFactory(stage=stage, contact=first, value_minor=20_000)
        DealFactory(stage=stage, contact=first, value_minor=15_000)
        DealFactory(contact=second, value_minor=30_000, currency="USD")
        deals.delete(DealFactory(stage=stage, contact=third), at=clock.now())
        return stage

    def test_who_has_a_deal_in_a_stage_or_in_none(self, three):
        asked = {"field": "deal", "value": str(three.id)}
        assert people({**asked, "op": "has"}) == {"ann@example.com"}
        assert people({**asked, "op": "has_not"}) == {"bo@example.com", "cy@example.com"}
        assert people({"field": "deal", "op": "has"}) == {"ann@example.com", "bo@example.com"}

    def test_how_much_is_at_stake_counts_undecided_deals_of_a_currency(self, three):
        asked = {"field": "deal_value:EUR", "value": "350"}
        assert people({**asked, "op": "at_least"}) == {"ann@example.com"}
        assert people({**asked, "op": "below"}) == {"bo@example.com", "cy@example.com"}
        Deal.objects.filter(value_minor=15_000).update(closed_at=clock.now())
        assert people({**asked, "op": "at_least"}) == set()

    def test_the_builder_offers_stages_and_currencies_in_use(self, three, in_juniper):
        keys = dict(offered(in_juniper))
        assert {"deal", "deal_value:EUR", "deal_value:USD"} <= set(keys)
        assert f"{three.pipeline.name}: Offer" in [label for _key, label in keys["deal"].choices(in_juniper)]


def test_an_export_of_contacts_takes_their_deals_along(in_juniper):
    deal = DealFactory(title="Kiln", stage=StageFactory(name="Offer"), value_minor=20_000)
    DealFactory()
    table = EXPORTED["deals"]
    (row,) = table.rows([deal.contact_id])
    assert set(row) == set(table.columns)
    assert (row["title"], row["stage"], row["value_minor"]) == ("Kiln", "Offer", 20_000)


def test_a_deal_is_found_by_its_title(as_ada, in_juniper):
    made = DealFactory(title="Wedding plates")
    page = as_ada.get("/w/juniper/search/?q=wedding").content.decode()
    assert "Wedding plates" in page
    assert f"/w/juniper/deals/{made.id}/" in page


class TestApi:
    @pytest.fixture
    def shop(self, juniper):
        return program(juniper, "deals:write")

    @pytest.fixture
    def begun(self, juniper, db):
        with workspace(juniper):
            pipeline = PipelineFactory()
            first, offer = StageFactory(pipeline=pipeline, position=0), StageFactory(pipeline=pipeline, position=1)
            return pipeline, first, offer, ContactFactory()

    def test_a_deal_is_added_changed_moved_and_deleted(self, shop, begun, juniper):
        pipeline, first, offer, contact = begun
        listed = shop.ask("get", "pipelines").json()["data"]
        assert [(one["name"], len(one["stages"])) for one in listed] == [(pipeline.name, 2)]
        worth = {"minor": 12_000, "currency": "EUR"}
        body = {"title": "Plates", "contact_id": str(contact.id), "pipeline_id": str(pipeline.id), "value": worth}
        made = shop.ask("post", "deals", body)
        assert (made.status_code, made.json()["stage_id"], made.json()["value"]) == (201, str(first.id), worth)
        path = f"deals/{made.json()['id']}"
        assert shop.ask("get", made["Location"]).json() == made.json()
        assert shop.ask("patch", path, {"title": "Cups"}).json()["value"] == worth
        assert shop.ask("post", f"{path}/moves", {"stage_id": str(offer.id)}).json()["stage_id"] == str(offer.id)
        assert [one["title"] for one in shop.ask("get", f"deals?stage_id={offer.id}").json()["data"]] == ["Cups"]
        assert shop.ask("delete", path).status_code == 204
        assert shop.ask("get", "deals").json()["data"] == []
        with workspace(juniper):
            assert Deal.objects.get().deleted_at is not None

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"title": ""}, 422),
            ({"value": {"minor": -1, "currency": "EUR"}}, 422),
            ({"value": {"minor": 1, "currency": "XX1"}}, 422),
            ({"contact_id": "00000000-0000-0000-0000-000000000000"}, 404),
            ({"owner_id": "00000000-0000-0000-0000-000000000000"}, 422),
            ({"colour": "red"}, 422),
        ],
    )
    def test_what_does_not_fit_is_refused(self, shop, begun, juniper, change, status):
        pipeline, _first, _offer, contact = begun
        worth = {"minor": 12_000, "currency": "EUR"}
        body = {"title": "Plates", "contact_id": str(contact.id), "pipeline_id": str(pipeline.id), "value": worth}
        assert shop.ask("post", "deals", body | change).status_code == status
        with workspace(juniper):
            assert not Deal.objects.exists()

    def test_a_stage_of_another_pipeline_is_refused(self, shop, begun, juniper):
        with workspace(juniper):
            deal, other = DealFactory(), StageFactory()
        assert shop.ask("post", f"deals/{deal.id}/moves", {"stage_id": str(other.id)}).json()["code"] == "no_such_stage"

    def test_a_key_that_may_only_read_changes_nothing(self, juniper, begun):
        reader = program(juniper, "deals:read")
        assert reader.ask("get", "deals").status_code == 200
        assert reader.ask("post", "deals", {}).status_code == 403
