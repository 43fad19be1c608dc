"""Settings → Policies: read in sentences, changed as a new version, tried out before it counts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from plainsail.accounts.models import AuditEntry, Membership
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import PolicyVersion
from plainsail.subscriptions.policy_forms import RuleForm
from plainsail.subscriptions.services import policies

pytestmark = pytest.mark.long

PAGE = "/w/juniper/settings/policies/"
REFUNDS, CHARGES, DATA = f"{PAGE}refunds/", f"{PAGE}charges/", f"{PAGE}data/"
DRAFT = f"{REFUNDS}draft/"


def typed(rules=None, **more) -> dict[str, object]:
    """What a browser sends from the page of the refund policy."""
    rules = policies.DEFAULT_REFUND["rules"] if rules is None else rules
    sent: dict[str, object] = {"rule-TOTAL_FORMS": len(rules), "rule-INITIAL_FORMS": len(rules)}
    for number, rule in enumerate(rules):
        for name, value in RuleForm.initial_of(rule).items():
            sent[f"rule-{number}-{name}"] = "" if value is None else value
    return sent | {"since": 2, "unit": "day", "cancel_day": "unused", "pay_within": 14} | more


def trial(**more) -> dict[str, object]:
    known = {"price": "", "amount": "120", "every": "year", "how": "now", "country": "DE", "is_consumer": "on"}
    known |= {"starts_on": "2026-01-01", "ends_on": "2026-03-02"} | more
    return {f"sample-{name}": value for name, value in known.items()}


GENEROUS = [{"when": {}, "refund": "full"}]


def versions(of, kind="refund") -> list[tuple[int, str, int | None]]:
    with workspace(of):
        rows = PolicyVersion.objects.filter(kind=kind).order_by("version")
        return [(row.version, row.by, row.back_to) for row in rows]


def test_the_policies_stand_in_sentences_in_their_order(juniper, as_ada):
    page = as_ada.get(PAGE)
    words = re.sub(r"\s+", " ", page.content.decode())
    first = words.index("Within 14 days of the first payment: everything back.")
    assert first < words.index("Paid for 6 months or longer at a time: the part for the days not used.")
    assert first < words.index("In every other case: nothing back.")
    assert "A declined charge is tried again after 3, 7 and 14 days." in words
    assert "taken back for 30 days" in words
    assert "Nothing was changed yet" in words
    assert next(tab for tab in page.context["chrome"].settings if tab.is_current).label == "Policies"


@pytest.mark.parametrize("path", [PAGE, REFUNDS, CHARGES, DATA])
def test_who_may_not_manage_sees_none_of_it(path, juniper, as_ben, ben):
    for role in ("viewer", "editor"):
        Membership.objects.filter(user=ben).update(role=role)
        assert as_ben.get(path).status_code == 403
        assert as_ben.post(path, typed(GENEROUS)).status_code in {403, 405}
    assert versions(juniper) == []


def test_a_change_is_a_new_version_with_who_and_when(juniper, ada, as_ada):
    answer = as_ada.post(REFUNDS, typed(GENEROUS))
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert versions(juniper) == [(2, "", None), (3, str(ada), None)]
    with workspace(juniper):
        assert policies.terms()["refund"]["rules"] == GENEROUS
        assert policies.terms()["refund"]["version"] == 3
        entry = AuditEntry.objects.get(action="subscriptions.policy_changed")
        assert (entry.person, entry.details) == (ada, {"before": "2", "after": "3"})
    words = as_ada.get(PAGE).content.decode()
    assert "In every case: everything back." in words
    assert "Saved as version 3" in words


def test_every_rule_of_the_default_goes_through_the_form_as_it_is(juniper, as_ada):
    as_ada.post(REFUNDS, typed())
    assert versions(juniper) == []  # the same text: nothing to save


def test_the_page_opens_with_the_rules_in_sentences(juniper, as_ada):
    words = as_ada.get(REFUNDS).content.decode()
    assert "Within 14 days of the first payment: everything back." in words
    assert "This rule isn’t complete yet." not in words


def test_pressed_twice_it_is_saved_once(juniper, as_ada):
    for _time in range(2):
        assert as_ada.post(REFUNDS, typed(GENEROUS)).status_code == 302
    assert [version for version, _by, _back in versions(juniper)] == [2, 3]


def test_who_opened_an_older_text_is_told_not_overruled(juniper, as_ada):
    as_ada.post(REFUNDS, typed(GENEROUS))
    answer = as_ada.post(REFUNDS, typed([{"when": {}, "refund": "none"}]))
    assert answer.status_code == 409
    assert "changed this meanwhile" in answer.content.decode()
    assert [version for version, _by, _back in versions(juniper)] == [2, 3]


def test_going_back_makes_a_new_version_of_the_old_text(juniper, ada, as_ada):
    as_ada.post(REFUNDS, typed(GENEROUS))
    with workspace(juniper):
        first = PolicyVersion.objects.get(version=2)
    path = f"{PAGE}versions/{first.id}/return/"
    for _time in range(2):
        assert as_ada.post(path).status_code == 302
    assert versions(juniper)[-1] == (4, str(ada), 2)
    with workspace(juniper):
        assert policies.terms()["refund"] == policies.DEFAULT_REFUND | {"version": 4}
    assert "back to version 2" in as_ada.get(PAGE).content.decode()
    assert as_ada.get(path).status_code == 405


def test_another_business_has_its_own(juniper, acme, as_ada, as_cleo, cleo):
    as_ada.post(REFUNDS, typed(GENEROUS))
    with workspace(juniper):
        made = PolicyVersion.objects.get(version=3)
    assert as_cleo.post(REFUNDS, typed(GENEROUS)).status_code == 404
    assert as_cleo.post(f"/w/acme/settings/policies/versions/{made.id}/return/").status_code == 404
    with workspace(acme):
        assert policies.terms()["refund"] == policies.DEFAULT_REFUND


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"rule-1-within": "soon"}, "id_rule-1-within", "Enter a whole number."),
        ({"rule-1-within": "0"}, "id_rule-1-within", "greater than or equal to 1"),
        ({"rule-1-of": ""}, "id_rule-1-of", "Say what the time is counted from."),
        ({"rule-1-within": ""}, "id_rule-1-within", "Say how long."),
        ({"rule-4-interval": ""}, "id_rule-4-interval", "Say how long."),
        ({"rule-0-refund": "half"}, "id_rule-0-refund", "Please choose one of those offered."),
        ({"rule-0-kind": ["boredom"]}, "id_rule-0-kind", "boredom is not one of the available choices"),
        ({"pay_within": "15"}, "id_pay_within", "less than or equal to 14"),
        ({"unit": "hour"}, "id_unit", "Please choose one of those offered."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(fields, field, words, juniper, as_ada):
    answer = as_ada.post(REFUNDS, typed(**fields))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page[page.index(f'id="{field}_error"') :][:800]
    assert f'href="#{field}"' in page
    assert versions(juniper) == []


def test_the_last_rule_can_be_taken_out_only_to_put_another_there(juniper, as_ada):
    page = as_ada.post(DRAFT, typed(GENEROUS) | {"do": "remove-0"})
    assert (page.status_code, page.context["form"].rules.forms) == (422, [])
    assert "One rule at least" in page.content.decode()


@pytest.mark.parametrize("total", ["", "0", "-1", "21", "99999", "x"])
def test_a_garbled_number_of_rules_is_no_policy(total, juniper, as_ada):
    for path in (REFUNDS, DRAFT):
        assert as_ada.post(path, typed() | {"rule-TOTAL_FORMS": total}).status_code in {200, 422}
    assert versions(juniper) == []


@pytest.mark.parametrize(
    ("action", "order"),
    [
        ("up-1", [1, 0, 2]),
        ("down-0", [1, 0, 2]),
        ("up-0", [0, 1, 2]),
        ("down-2", [0, 1, 2]),
        ("remove-1", [0, 2]),
        ("remove-9", [0, 1, 2]),
        ("nonsense", [0, 1, 2]),
    ],
)
def test_rules_are_moved_and_removed_without_a_script(action, order, juniper, as_ada):
    rules = policies.DEFAULT_REFUND["rules"][1:4]
    page = as_ada.post(DRAFT, typed(rules) | {"do": action})
    assert page.status_code == 200
    assert page.context["form"].text["rules"] == [rules[place] for place in order]
    assert "Not saved yet" in page.content.decode()
    assert versions(juniper) == []


def test_a_rule_is_added_at_the_end_and_opened(juniper, as_ada):
    page = as_ada.post(DRAFT, typed(GENEROUS) | {"do": "add"})
    assert page.context["form"].text["rules"] == [*GENEROUS, {"when": {}, "refund": "none"}]
    assert page.context["looked_at"] == 1
    assert "<summary autofocus>" in page.content.decode()


def test_a_text_is_tried_beside_the_one_that_counts(juniper, as_ada):
    page = as_ada.post(DRAFT, typed(GENEROUS) | trial())
    rows = [(row["name"], str(row["amount"])) for row in page.context["trial"]]
    # 305 of 365 days are left on 2 March; a year's rest comes back by the default.
    assert rows == [
        ("As it stands", "100.27 EUR"),
        ("As edited", "120.00 EUR"),
        ("For contracts bought before", "120.00 EUR"),
    ]
    assert page.content.decode().count('<svg class="chart-plot"') == 1
    assert versions(juniper) == []


def test_whoever_bought_before_keeps_what_was_promised(juniper, as_ada):
    page = as_ada.post(DRAFT, typed([{"when": {}, "refund": "none"}]) | trial())
    assert [str(row["amount"]) for row in page.context["trial"]] == ["100.27 EUR", "0.00 EUR", "100.27 EUR"]


def test_the_law_is_in_the_trial(juniper, as_ada):
    withdrawn = trial(how="withdrawal", ends_on="2026-01-15")
    page = as_ada.post(DRAFT, typed([{"when": {}, "refund": "none"}]) | withdrawn)
    assert [(str(row["amount"]), row["why"]) for row in page.context["trial"]][1] == (
        "120.00 EUR",
        "by law: a withdrawal in time",
    )


def test_a_price_is_tried_with_its_tax(juniper, as_ada):
    with workspace(juniper):
        commerce.seller(tax_rate="20")
        price = commerce.offer(minor=10000, interval="year", tax_behavior="exclusive").price
    page = as_ada.post(DRAFT, typed() | trial(price=str(price.id), ends_on="2026-01-02"))
    assert str(page.context["trial"][0]["amount"]) == "120.00 EUR"
    assert str(page.context["sample"].paid) == "120.00 EUR"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"ends_on": "2025-12-31"}, "ends_on"),
        ({"ends_on": "2036-01-01"}, "ends_on"),
        ({"starts_on": "0001-01-01", "ends_on": "0001-01-02"}, "starts_on"),
        ({"starts_on": "someday"}, "starts_on"),
        ({"amount": "a lot"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "", "price": ""}, "amount"),
        ({"price": "00000000-0000-0000-0000-000000000000"}, "price"),
        ({"country": "XX"}, "country"),
        ({"how": "angrily"}, "how"),
    ],
)
def test_what_can_not_be_imagined_is_said_at_its_field(more, field, juniper, as_ada):
    page = as_ada.post(DRAFT, typed() | trial(**more))
    assert page.status_code == 200
    assert f'id="id_sample-{field}_error"' in page.content.decode()


def test_declined_charges_are_tried_on_other_days(juniper, as_ada):
    answer = as_ada.post(CHARGES, {"since": 1, "retry_days": "2, 5", "mails": "first_and_last", "then": "pause"})
    assert answer.status_code == 302
    with workspace(juniper):
        expected = {"version": 2, "retry_days": [2, 5], "then": "pause", "mails": "first_and_last"}
        assert policies.terms()["dunning"] == expected
    page = as_ada.get(PAGE).content.decode()
    assert "tried again after 2 and 5 days" in page
    assert "After the last try the contract rests" in page
    assert 'value="2, 5"' in as_ada.get(CHARGES).content.decode()


@pytest.mark.parametrize("days", ["", "soon", "0", "3, 3", "7, 3", "1, 2, 3, 4", "61", "1.5", "-3", "9" * 30])
def test_days_that_no_network_would_allow_are_refused_at_the_field(days, juniper, as_ada):
    answer = as_ada.post(CHARGES, {"since": 1, "retry_days": days, "mails": "each", "then": "end"})
    assert answer.status_code == 422
    assert 'id="id_retry_days_error"' in answer.content.decode()
    assert versions(juniper, "dunning") == []


def test_data_is_kept_for_longer(juniper, as_ada):
    assert as_ada.post(DATA, {"since": 1, "grace_days": 60, "documents_years": 12}).status_code == 302
    with workspace(juniper):
        assert policies.terms()["retention"] == {"version": 2, "grace_days": 60, "documents_years": 12}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"grace_days": 6}, "grace_days"),
        ({"grace_days": 366}, "grace_days"),
        ({"documents_years": 9}, "documents_years"),
        ({"documents_years": 31}, "documents_years"),
        ({"documents_years": "for ever"}, "documents_years"),
    ],
)
def test_nobody_keeps_data_shorter_than_the_law_asks(fields, field, juniper, as_ada):
    answer = as_ada.post(DATA, {"since": 1, "grace_days": 30, "documents_years": 10} | fields)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()


def test_the_floor_for_documents_is_the_country_s(juniper, as_ada):
    with workspace(juniper):
        commerce.seller(country="GB")
    assert as_ada.post(DATA, {"since": 1, "grace_days": 30, "documents_years": 6}).status_code == 302


def test_the_history_has_pages(juniper, as_ada, monkeypatch):
    monkeypatch.setattr("plainsail.subscriptions.views.policies.PER_PAGE", 1)
    as_ada.post(REFUNDS, typed(GENEROUS))
    assert as_ada.get(PAGE).context["page"].paginator.num_pages == 2
    assert NOON + timedelta(0) == as_ada.get(PAGE).context["history"][0][0].made_at
