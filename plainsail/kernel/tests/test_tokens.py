"""Tracked links and pixels carry who and where to, and nobody else can make one."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest

from plainsail.kernel import tokens
from plainsail.kernel.crypto import sign
from plainsail.kernel.ids import new_id
from plainsail.kernel.tokens import BadToken

WORKSPACE, DELIVERY, CONTACT = UUID(int=1), UUID(int=2), UUID(int=3)
URL = "https://shop.example.com/größe?farbe=grün&x=1#top"


def click(url: str = URL) -> str:
    return tokens.click_token(workspace_id=WORKSPACE, delivery_id=DELIVERY, contact_id=CONTACT, url=url)


def pixel() -> str:
    return tokens.open_token(workspace_id=WORKSPACE, delivery_id=DELIVERY, contact_id=CONTACT)


def test_a_click_reads_back_as_it_was_made():
    assert tokens.read_click(click()) == tokens.Click(WORKSPACE, DELIVERY, CONTACT, URL)


def test_an_open_reads_back_as_it_was_made():
    assert tokens.read_open(pixel()) == tokens.Open(WORKSPACE, DELIVERY, CONTACT)


def test_a_signer_makes_the_same_tokens_as_the_functions():
    signer = tokens.Signer(WORKSPACE)
    assert (signer.click(DELIVERY, CONTACT, URL), signer.open(DELIVERY, CONTACT)) == (click(), pixel())


@pytest.mark.parametrize("contact", [CONTACT, UUID(int=254), new_id()])
def test_a_set_of_tokens_put_together_are_the_same_tokens(contact: UUID):
    signer = tokens.Signer(WORKSPACE)
    urls = [URL, "https://a.example", "https://a.example/" + "x" * 400]
    made = signer.set_of([url.encode() for url in urls])
    ids = DELIVERY.bytes + contact.bytes
    middle = made.middle(ids)
    whole = [code + middle + tail for code, tail in zip(made.codes(ids), made.tails(ids[-1]), strict=True)]
    assert len(middle) == made.MIDDLE
    assert {len(code) for code in made.codes(ids)} == {made.CODE}
    assert [each.decode() for each in whole] == [
        *(signer.click(DELIVERY, contact, url) for url in urls),
        signer.open(DELIVERY, contact),
    ]


def test_tokens_need_no_quoting_in_an_address():
    assert set(click() + pixel()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_every_changed_byte_is_noticed():
    raw = base64.urlsafe_b64decode(click() + "==="[: -len(click()) % 4])
    for position in range(len(raw)):
        forged = bytearray(raw)
        forged[position] ^= 1
        with pytest.raises(BadToken):
            tokens.read_click(base64.urlsafe_b64encode(forged).rstrip(b"=").decode())


def test_a_pixel_is_no_click_and_a_click_is_no_pixel():
    with pytest.raises(BadToken):
        tokens.read_click(pixel())
    with pytest.raises(BadToken):
        tokens.read_open(click())


def test_a_signature_for_another_purpose_is_refused():
    with pytest.raises(BadToken):
        tokens.read_open(sign("accounts.magic_link", new_id().bytes * 3))


@pytest.mark.parametrize("garbage", ["", "a", "=", "é", "../../etc/passwd", "A" * 100, "A" * 100_000, "\x00", "%00"])
def test_garbage_is_a_bad_token(garbage: str):
    with pytest.raises(BadToken):
        tokens.read_click(garbage)
    with pytest.raises(BadToken):
        tokens.read_open(garbage)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/path",
        "",
        "https://",
        "https://a b",
        "https://a/\r\nSet-Cookie: x=1",
        "https://a/\x00",
        "https://a\\@evil.example",
        "https://[::1",
        "https://a:99999/",
        "https://a/" + "x" * 2000,
    ],
)
def test_only_web_addresses_can_be_targets(url: str):
    with pytest.raises(ValueError):
        click(url)
