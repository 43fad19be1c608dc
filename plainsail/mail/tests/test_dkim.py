"""Signatures hold when others verify them, over whatever a message may look like, and break when it is changed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import dkim as judge
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import DkimKey, SendingDomain
from plainsail.mail.services import dkim, domains, signing

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED = ed25519.Ed25519PrivateKey.generate()
KEYS = [dkim.Key("r1", RSA), dkim.Key("e1", ED)]
PUBLIC = {
    b"r1": b"v=DKIM1; k=rsa; p="
    + base64.b64encode(RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    b"e1": b"v=DKIM1; k=ed25519; p=" + base64.b64encode(ED.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
}
LINE = st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=90)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=120)


def records(name, timeout=5):
    return PUBLIC.get(name.split(b".")[0])


def holds(signed, number):
    try:
        return judge.DKIM(signed).verify(number, dnsfunc=records)
    except judge.ValidationError:  # the body's hash differs
        return False


def message(*, subject="News", body="Hello", more=()):
    lines = ["From: Juniper <hello@juniper.example>", "To: maren@reader.example", f"Subject: {subject}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def signed(raw):
    return dkim.Signer("juniper.example", KEYS).sign(raw, at=AT)


@settings(max_examples=60, deadline=None)
@given(
    subject=VALUE,
    folded=VALUE,
    lines=st.lists(LINE, max_size=12),
    ends=st.sampled_from(["", "\r\n", " \r\n\t\r\n", "\r\n" * 5]),
)
def test_both_signatures_hold_over_any_message(subject, folded, lines, ends):
    raw = message(
        subject=f"{subject}\r\n {folded}x",
        body="\r\n".join(lines) + ends,
        more=["List-Unsubscribe: <https://j.example/u>"],
    )
    found = signed(raw)
    # Each line has an end by the time it arrives; of one that has none, the judge reads blanks at its end otherwise than RFC 6376.
    arrived = found if found.endswith(b"\r\n") else found + b"\r\n"
    assert [holds(arrived, number) for number in (0, 1)] == [True, True]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello", b"Hallo"),
        (b"Subject: News", b"Subject: Other"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: x"),
        (b"<https://j.example/u>", b"<https://evil.example/u>"),
        (b"From: Juniper", b"From: Evil <evil@evil.example>\r\nFrom: Juniper"),
    ],
)
def test_a_change_breaks_both(old, new):
    raw = signed(
        message(more=["List-Unsubscribe: <https://j.example/u>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"])
    )
    head, separator, rest = raw.partition(b"From: Juniper")
    changed = head + (separator + rest).replace(old, new)
    assert changed != raw
    assert [holds(changed, number) for number in (0, 1)] == [False, False]


def test_unsubscribe_headers_are_covered():
    raw = signed(
        message(more=["List-Unsubscribe: <https://j.example/u>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"])
    )
    named = raw.decode().split("h=")[1].split(";")[0].replace("\r\n", "").replace(" ", "").split(":")
    assert {"from", "list-unsubscribe", "list-unsubscribe-post", "message-id"} - {"message-id"} <= set(named)


def test_a_message_without_a_sender_is_not_signed():
    with pytest.raises(ValueError, match="From"):
        signed(b"To: x@example.com\r\n\r\nHello")


def test_an_empty_body_is_signed_too():
    assert holds(signed(message(body="")), 0)


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def domain(juniper):
    with workspace(juniper):
        made = domains.add("Juniper.Example.", at=AT)
        return domains.change(made, signing="here", server_selector="", return_label="bounces")


@pytest.mark.django_db
def test_a_private_key_lies_sealed_and_signs_what_its_record_verifies(juniper, domain):
    with workspace(juniper):
        keys = list(domain.keys.order_by("-algorithm"))
        assert [key.algorithm for key in keys] == ["rsa", "ed25519"]
        assert all("PRIVATE" not in key.sealed for key in keys)
        assert signing.of_sender("news@juniper.example") is None
        domains.let_sign(keys, at=AT)
        signer = signing.of_sender("news@mail.juniper.example")
        found = signer.sign(message(), at=AT)
        by_host = {f"{key.host}.".encode(): key.record.encode() for key in keys}
    assert judge.verify(found, dnsfunc=lambda name, timeout=5: by_host[name])


@pytest.mark.django_db
def test_a_new_pair_signs_only_once_its_record_is_there_and_the_old_one_stays(juniper, domain):
    with workspace(juniper):
        first = list(domain.keys.all())
        domains.let_sign(first, at=AT)
        second = domains.new_keys(domain, at=AT + timedelta(days=90))
        assert {key.id for key in domains.keys_that_sign(domain)} == {key.id for key in first}
        domains.let_sign(second, at=AT + timedelta(days=91))
        assert {key.id for key in domains.keys_that_sign(domain)} == {key.id for key in second}
        assert DkimKey.objects.exclude(retired_at=None).count() == 2
        assert len({key.selector for key in [*first, *second]}) == 4
        domains.forget_key(second[0])
        for key in first:
            domains.forget_key(key)
        assert set(DkimKey.objects.values_list("id", flat=True)) == {key.id for key in second}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given_domain", ["gmail.com", "GMX.de", "x", "", "a b.com", "ex_ample..com", "192.0.2.1", "ä" * 70 + ".de"]
)
def test_what_nobody_can_send_under_is_refused(juniper, given_domain):
    with workspace(juniper), pytest.raises((domains.NoDomain, domains.FreeMail)):
        domains.add(given_domain, at=AT)


@pytest.mark.django_db
def test_names_with_umlauts_are_kept_as_the_dns_has_them(juniper):
    with workspace(juniper):
        domains.add("töpferei.example", at=AT)
        with pytest.raises(domains.DomainTaken):
            domains.add("xn--tpferei-90a.example", at=AT)
        assert SendingDomain.objects.get().domain == "xn--tpferei-90a.example"
        assert domains.covering("a@news.xn--tpferei-90a.example") is not None
        assert domains.covering("a@other.example") is None
