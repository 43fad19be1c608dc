"""Whose tax a sale bears, by where seller and buyer are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.commerce.services import invoicing, rates, vat
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.commerce.services.places import Named, Place
from plainsail.commerce.services.vat import Buying, Ruling, Selling
from plainsail.commerce.tests.factories import euros

DAY = date(2026, 11, 23)
NINETEEN = Decimal(19)
GERMAN = Selling(country="DE", home_rate=NINETEEN, vat_id="DE123456789")
IN_OSS = Selling(country="DE", home_rate=NINETEEN, vat_id="DE123456789", has_oss=True)
ITALIAN = "IT12345678901"


def ruled(selling: Selling, country: str, vat_id: str = "", check=None, **more) -> tuple[str, str, str]:
    found = vat.decide(selling, Buying(country=country, vat_id=vat_id, check=check), on=DAY, **more)
    return found.kind, found.country, f"{found.rate.normalize():f}"


@pytest.mark.parametrize(
    ("selling", "country", "vat_id", "check", "expected"),
    [
        (GERMAN, "DE", "", None, ("home", "DE", "19")),
        (GERMAN, "", "", None, ("home", "DE", "19")),
        (GERMAN, "IT", "", None, ("home", "DE", "19")),
        (IN_OSS, "IT", "", None, ("destination", "IT", "22")),
        (IN_OSS, "FI", "", None, ("destination", "FI", "25.5")),
        (IN_OSS, "GR", "", None, ("destination", "GR", "24")),
        (IN_OSS, "MC", "", None, ("destination", "FR", "20")),
        (GERMAN, "IT", ITALIAN, "valid", ("reverse_charge", "IT", "0")),
        (IN_OSS, "IT", ITALIAN, "valid", ("reverse_charge", "IT", "0")),
        (IN_OSS, "IT", ITALIAN, "invalid", ("destination", "IT", "22")),
        (IN_OSS, "IT", ITALIAN, "pending", ("destination", "IT", "22")),
        (GERMAN, "IT", ITALIAN, "pending", ("home", "DE", "19")),
        (IN_OSS, "DE", "DE123456789", "valid", ("home", "DE", "19")),
        (GERMAN, "US", "", None, ("outside", "US", "0")),
        (IN_OSS, "GB", "", None, ("outside", "GB", "0")),
        (IN_OSS, "CH", "", None, ("outside", "CH", "0")),
        (IN_OSS, "IC", "", None, ("outside", "IC", "0")),
    ],
)
def test_a_service_over_the_net_is_taxed_by_who_buys_and_where(selling, country, vat_id, check, expected):
    assert ruled(selling, country, vat_id, check) == expected


def test_only_an_answer_to_come_makes_a_document_wait():
    waits = {
        check: vat.decide(IN_OSS, Buying(country="IT", vat_id=ITALIAN, check=check), on=DAY).waits
        for check in (None, "valid", "invalid", "pending")
    }
    assert waits == {None: False, "valid": False, "invalid": False, "pending": True}


def test_a_yes_can_take_tax_off_only_across_a_border():
    at_home = vat.decide(IN_OSS, Buying(country="DE", vat_id="DE999999999", check="pending"), on=DAY)
    abroad = vat.decide(IN_OSS, Buying(country="IT", vat_id=ITALIAN, check="pending"), on=DAY)
    assert [(one.waits, one.may_drop) for one in (at_home, abroad)] == [(True, False), (True, True)]


@pytest.mark.parametrize(
    ("country", "vat_id"),
    [
        ("FR", ITALIAN),
        ("IT", "FR12345678901"),
        ("IT", "12345678901"),
        ("IT", "IT" + "1" * 5000),
        ("IT", "IT-12345678901\x00"),
        ("GB", "XI123456789"),
        ("US", ITALIAN),
    ],
)
def test_an_id_that_is_not_of_the_buyer_s_country_takes_no_tax_off(country, vat_id):
    kind, _country, rate = ruled(IN_OSS, country, vat_id, "valid")
    assert kind != "reverse_charge"
    assert rate != "0" or country in {"GB", "US"}


def test_a_seller_without_an_id_of_their_own_can_not_leave_the_tax_to_the_buyer():
    nameless = Selling(country="DE", home_rate=NINETEEN)
    assert ruled(nameless, "IT", ITALIAN, "valid") == ("home", "DE", "19")
    assert not vat.is_asked(nameless, Buying(country="IT", vat_id=ITALIAN))


def test_vies_is_asked_only_about_what_can_be_an_id_of_where_the_buyer_is():
    asked = [
        vat.is_asked(GERMAN, Buying(country=country, vat_id=vat_id))
        for country, vat_id in [("IT", ITALIAN), ("DE", "DE123456789"), ("IT", "nonsense"), ("IT", ""), ("", ITALIAN)]
    ]
    assert asked == [True, True, False, False, False]
    assert not vat.is_asked(
        Selling(country="DE", home_rate=None, vat_id="DE123456789"), Buying(country="IT", vat_id=ITALIAN)
    )


def test_what_happens_at_a_place_is_taxed_there_whoever_comes():
    for country, vat_id, check in [("IT", "", None), ("IT", ITALIAN, "valid"), ("US", "", None)]:
        assert ruled(IN_OSS, country, vat_id, check, supply="local") == ("home", "DE", "19")


def test_goods_to_a_business_abroad_are_a_supply_within_the_community():
    assert ruled(IN_OSS, "IT", ITALIAN, "valid", supply="goods") == ("intra_community", "IT", "0")
    assert ruled(IN_OSS, "IT", supply="goods") == ("destination", "IT", "22")


def test_own_rates_replace_the_standard_one_and_are_the_only_ones_outside_the_union():
    own = {"IT": Decimal(4), "CH": Decimal("8.1")}
    with_oss = Selling(country="DE", home_rate=NINETEEN, has_oss=True, rates=own)
    assert ruled(with_oss, "IT") == ("destination", "IT", "4")
    assert ruled(with_oss, "CH") == ("destination", "CH", "8.1")
    assert ruled(Selling(country="DE", home_rate=NINETEEN, rates=own), "IT") == ("home", "DE", "19")


def test_a_rate_of_zero_is_a_rate():
    own = Selling(country="DE", home_rate=NINETEEN, has_oss=True, rates={"IT": Decimal(0)})
    assert ruled(own, "IT") == ("destination", "IT", "0")


def test_a_product_s_own_rate_holds_at_home_only():
    assert ruled(IN_OSS, "DE", own_rate=Decimal(7)) == ("home", "DE", "7")
    assert ruled(IN_OSS, "IT", own_rate=Decimal(7)) == ("destination", "IT", "22")
    assert vat.decide(IN_OSS, Buying(country="US"), on=DAY, own_rate=Decimal(7)).inside == 7


def test_who_charges_no_tax_at_home_charges_none_abroad():
    small = Selling(country="DE", home_rate=None, vat_id="DE123456789")
    assert [ruled(small, country, ITALIAN, "valid") for country in ("DE", "IT", "US")] == [("home", "DE", "0")] * 3


def test_a_seller_outside_the_union_keeps_its_tax_at_home():
    swiss = Selling(country="CH", home_rate=Decimal("8.1"))
    assert [ruled(swiss, country)[0] for country in ("CH", "DE", "US")] == ["home", "outside", "outside"]
    registered = Selling(country="CH", home_rate=Decimal("8.1"), has_oss=True)
    assert ruled(registered, "DE") == ("destination", "DE", "19")


@pytest.mark.parametrize(
    ("country", "day", "rate"),
    [
        ("EE", date(2025, 6, 30), "22"),
        ("EE", date(2025, 7, 1), "24"),
        ("SK", date(2024, 12, 31), "20"),
        ("SK", date(2025, 1, 1), "23"),
        ("RO", date(2025, 8, 1), "21"),
        ("FI", date(2024, 8, 31), "24"),
        ("FI", date(2024, 9, 1), "25.5"),
        ("DE", date(1999, 1, 1), "19"),
    ],
)
def test_rates_hold_from_their_day(country, day, rate):
    assert str(rates.standard(country, on=day)) == rate


def test_the_table_has_the_27_members_in_the_order_of_time():
    assert len(rates.STANDARD) == 27
    assert {vat.vat_country(prefix) for prefix in vat.FORMATS} - {"XI"} == set(rates.STANDARD)
    for rows in rates.STANDARD.values():
        assert [since for since, _rate in rows] == sorted({since for since, _rate in rows})
        assert all(15 <= rate <= 27 for _since, rate in rows)


countries = st.sampled_from([*rates.STANDARD, "US", "GB", "CH", "XI", "IC", "MC", "EL", "??", ""])


@given(
    st.builds(
        Selling,
        country=countries,
        home_rate=st.none() | st.decimals(0, 100, places=2),
        vat_id=st.sampled_from(["", "DE123456789"]),
        has_oss=st.booleans(),
        rates=st.dictionaries(countries, st.decimals(0, 100, places=2), max_size=3),
    ),
    st.builds(
        Buying,
        country=countries,
        vat_id=st.text(max_size=60) | st.sampled_from([ITALIAN, "EL123456789", "XI123456789"]),
        check=st.sampled_from([None, "valid", "invalid", "pending"]),
    ),
    st.sampled_from(["online", "local", "goods"]),
)
def test_whoever_buys_whatever_there_is_a_ruling(selling, buying, supply):
    found = vat.decide(selling, buying, on=DAY, supply=supply)
    assert isinstance(found, Ruling)
    assert 0 <= found.rate <= 100
    assert found.rate == 0 or found.kind in {"home", "destination"}


amounts = st.integers(min_value=0, max_value=10**9)
specs = st.lists(
    st.builds(
        LineSpec,
        description=st.just("a"),
        unit=amounts.map(euros),
        quantity=st.integers(1, 20),
        tax_behavior=st.sampled_from(["inclusive", "exclusive"]),
    ),
    min_size=1,
    max_size=6,
)
modes = st.sampled_from(["by_buyer", "line", "sum_by_net", "sum_by_net_keep_gross"])
buyers = st.builds(
    Named,
    country=st.sampled_from(["DE", "IT", "FI", "HU", "US", ""]),
    vat_id=st.sampled_from(["", ITALIAN]),
    vat_check=st.sampled_from(["", "valid", "invalid", "pending"]),
)


@given(specs, buyers, modes, st.sampled_from([GERMAN, IN_OSS]))
def test_whatever_is_sold_to_whomever_adds_up_and_never_costs_more_than_shown(lines, named, mode, selling):
    where = Place(selling=selling, named=named, on=DAY, mode=mode)
    made = invoicing.preview(lines, seller=None, place=where)
    assert made.net + made.tax == made.gross
    for name in ("net", "tax", "gross"):
        assert sum((getattr(line, name) for line in made.lines), start=euros(0)) == getattr(made, name)
    for spec, line in zip(lines, made.lines, strict=True):
        shown = spec.unit * spec.quantity
        assert line.net + line.tax == line.gross
        if line.ruling.kind in vat.UNTAXED:
            assert (line.tax, line.ruling.rate) == (euros(0), 0)
            assert line.gross <= shown
        elif spec.tax_behavior == "inclusive" and where.rounding != "sum_by_net":
            assert line.gross == shown
