"""Hints about addresses: slips, shared mailboxes, and those where no mail arrives."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from plainsail.contacts.services import addresses
from plainsail.contacts.services.address_hints import PROVIDERS, Hint, hint_of
from plainsail.contacts.services.importing_rows import PLAIN_ADDRESS


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("maren@gmial.com", "maren@gmail.com"),
        ("maren@gmai.com", "maren@gmail.com"),
        ("Maren@GMAIL.con", "maren@gmail.com"),
        ("maren@gmail.co", "maren@gmail.com"),
        ("maren@hotmial.com", "maren@hotmail.com"),
        ("maren@outlok.com", "maren@outlook.com"),
        ("maren@yahooo.de", "maren@yahoo.de"),
        ("maren@t-onlin.de", "maren@t-online.de"),
        ("maren@juniper.con", "maren@juniper.com"),
        ("maren@juniper.co.ik", "maren@juniper.co.uk"),
        ("maren+news@iclod.com", "maren+news@icloud.com"),
    ],
)
def test_a_slip_in_a_known_domain_is_asked_about(given, meant):
    assert hint_of(given) == Hint("typo", meant)
    assert meant in str(hint_of(given))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("info@juniper.de", "role"),
        ("support+shop@juniper.de", "role"),
        ("x@mailinator.com", "disposable"),
        ("x@test.com", "dead"),
        ("x@shop.invalid", "dead"),
        ("info@mailinator.com", "disposable"),
    ],
)
def test_other_oddities_are_named(given, kind):
    assert hint_of(given) == Hint(kind)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "x",
        "@",
        "maren@",
        "maren@juniper.de",
        "maren@example.com",
        "information.desk@juniper.de",
        "a@gmx.co",
        "a@wen.de",
        "a@ne.com",
    ],
)
def test_what_is_not_odd_gets_no_hint(given):
    assert hint_of(given) is None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_provider_is_taken_for_another_s_slip(provider):
    assert hint_of(f"maren@{provider}") is None


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Maren@Straße.de", "maren@xn--strae-oqa.de"),
        ("maren@münchen.example", "maren@xn--mnchen-3ya.example"),
        ("maren@點看.tw", "maren@xn--c1yn36f.tw"),
    ],
)
def test_domains_in_any_script_are_stored_as_the_network_knows_them(given, stored):
    assert addresses.normalise(given) == stored


def test_a_domain_in_another_script_is_told_as_people_write_it():
    assert str(hint_of("user@xn--bcher-kva.de")) == "bücher.de, as mail servers write it."
    assert hint_of("user@xn--zz--.de") is None


@pytest.mark.parametrize(("length", "is_taken"), [(64, True), (65, False)])
def test_a_name_has_at_most_64_characters(length, is_taken):
    given = "a" * length + "@example.com"
    assert (PLAIN_ADDRESS.fullmatch(given) is not None) is is_taken
    with nullcontext() if is_taken else pytest.raises(addresses.BadAddress):
        assert addresses.normalise(given) == given


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Müller@Example.de", "müller@example.de"),
        ("mu\u0308ller@example.de", "müller@example.de"),
        ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ("İsmail@example.de", "i\u0307smail@example.de"),
        ("ΆΝΝΑ@example.de", "άννα@example.de"),
    ],
)
def test_names_in_any_script_are_stored_composed_and_in_small_letters(given, stored):
    assert addresses.normalise(given) == stored
    assert addresses.normalise(stored) == stored
    assert "before the @" in str(hint_of(stored))


@pytest.mark.parametrize(
    "given",
    ["ü ü@example.de", "ü..ü@example.de", '"ü"@example.de', "ü@b", "ü\u200b@example.de", "ü" * 33 + "@example.de"],
)
def test_what_is_no_name_in_any_script_is_refused(given):
    with pytest.raises(addresses.BadAddress):
        addresses.normalise(given)


def test_a_slip_in_the_domain_is_told_before_odd_letters():
    assert hint_of("müller@gmial.com").suggestion == "müller@gmail.com"


@pytest.mark.parametrize(
    "given", ["a@-münchen.de", "a@münchen..de", "a@mün chen.de", "a@ü", "a@" + "ü" * 70 + ".de", "ü"]
)
def test_what_is_no_domain_in_any_script_is_refused(given):
    with pytest.raises(addresses.BadAddress):
        addresses.normalise(given)
