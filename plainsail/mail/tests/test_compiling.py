"""Compiled mail says byte for byte what a plain rendering says, whoever the reader is and whatever is typed."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from functools import lru_cache
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plainsail.blocks.services import merging
from plainsail.blocks.services.rendering import Business
from plainsail.kernel import tokens
from plainsail.kernel.ids import new_id
from plainsail.mail.services import headers
from plainsail.mail.services.bodies import Body
from plainsail.mail.services.compiling import Origin, Recipient, Words, compile_mail, quoted
from plainsail.mail.services.messages import build
from plainsail.mail.tests.factories import document

AT = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
# Without the cache a message reads its headers anew each time that it is asked of what kind it is.
READING = default.clone(header_factory=lru_cache(maxsize=1000)(default.header_factory))
WORKSPACE, SOURCE, LIST = UUID(int=1), UUID(int=2), UUID(int=3)


def origin(**fields):
    values = {
        "workspace_id": WORKSPACE,
        "source_id": SOURCE,
        "business": Business(name="Juniper & Co", postal_address="Mill Lane 4\n25980 Westerland"),
        "site": "https://juniper.example",
        "name": "Juniper Töpferei",
        "address": "hello@juniper.example",
        "reply_to": "ada@juniper.example",
        "list_id": LIST,
        "list_name": "Kiln news",
    }
    return Origin(**(values | fields))


def reader(**fields):
    values = {
        "delivery_id": new_id(),
        "contact_id": new_id(),
        "name": "Maren Thießen",
        "address": "maren@example.com",
        "values": {"first_name": "Maren", "email": "maren@example.com"},
        "unsubscribe_url": "https://juniper.example/unsubscribe/abc/",
        "preferences_url": "https://juniper.example/preferences/abc/?a=1&b=2",
        "one_click_url": "https://juniper.example/unsubscribe/abc/",
    }
    return Recipient(**(values | fields))


def words(subject="News for {{first_name|you}}", **fields):
    return Words(subject=subject, preheader="Four bowls", document=document(**fields))


def parsed(raw: bytes):
    return message_from_bytes(raw, policy=READING)


def test_a_message_has_what_mailbox_providers_ask_for(in_juniper):
    who = reader()
    raw = compile_mail(words(), origin()).render(who, at=AT)
    message = parsed(raw)
    assert message["From"] == "Juniper Töpferei <hello@juniper.example>"
    assert message["To"] == "Maren Thießen <maren@example.com>"
    assert message["Subject"] == "News for Maren"
    assert message["Date"].datetime == AT
    assert message["Message-ID"] == f"<{who.delivery_id.hex}@juniper.example>"
    assert message["Reply-To"] == "ada@juniper.example"
    assert message["List-Unsubscribe"] == f"<{who.one_click_url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == f"Kiln news <{LIST.hex}.juniper.example>"
    assert message["Feedback-ID"] == f"{SOURCE.hex}:{WORKSPACE.hex}:marketing:plainsail"
    assert message["X-Plainsail-Workspace"] == str(WORKSPACE)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.defects == []


def test_links_carry_the_readers_own_token_and_lead_only_where_the_mail_says(in_juniper):
    who = reader()
    compiled = compile_mail(words(), origin())
    html = parsed(compiled.render(who, at=AT)).get_body(("html",)).get_content()
    token = html.split("https://juniper.example/c/")[1].split('"')[0]
    click = tokens.read_click(token)
    assert click == (WORKSPACE, who.delivery_id, who.contact_id, "https://juniper.example/course")
    pixel = html.split("https://juniper.example/o/")[1].split('"')[0]
    assert tokens.read_open(pixel) == (WORKSPACE, who.delivery_id, who.contact_id)


def test_the_way_out_is_not_tracked(in_juniper):
    html = parsed(compile_mail(words(), origin()).render(reader(), at=AT)).get_body(("html",)).get_content()
    assert 'href="https://juniper.example/unsubscribe/abc/"' in html
    assert 'href="https://juniper.example/preferences/abc/?a=1&amp;b=2"' in html


def test_plain_text_is_not_escaped_as_html_is(in_juniper):
    who = reader(values={"first_name": "Tom & <Jerry>"})
    message = parsed(compile_mail(words(), origin()).render(who, at=AT))
    assert "Dear Tom & <Jerry>, the kiln is on." in message.get_body(("plain",)).get_content()
    assert "Dear Tom &amp; &lt;Jerry&gt;, the kiln is on." in message.get_body(("html",)).get_content()


def test_a_missing_name_gives_the_fallback(in_juniper):
    message = parsed(compile_mail(words(), origin()).render(reader(values={}), at=AT))
    assert message["Subject"] == "News for you"
    assert "Dear friend," in message.get_body(("plain",)).get_content()


def test_an_untracked_mail_holds_no_tokens(in_juniper):
    html = (
        parsed(compile_mail(words(), origin(is_tracked=False)).render(reader(), at=AT))
        .get_body(("html",))
        .get_content()
    )
    assert "/c/" not in html
    assert "/o/" not in html
    assert 'href="https://juniper.example/course"' in html


def test_an_address_with_a_merge_field_is_filled_and_not_tracked(in_juniper):
    compiled = compile_mail(words(link="https://juniper.example/hello?to={{first_name}}"), origin())
    html = parsed(compiled.render(reader(values={"first_name": "Maren"}), at=AT)).get_body(("html",)).get_content()
    assert 'href="https://juniper.example/hello?to=Maren"' in html


# What people type: any character that a database stores, with more than a fair share of the dangerous ones.
nasty = st.text(
    st.one_of(
        st.sampled_from("\r\n\t ={}<>&\"'\\.,;:@?=_\u00e4\u20ac\u2028\U0001f600"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    max_size=120,
)


@pytest.fixture(scope="module")
def compiled(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return compile_mail(words(), origin())


@given(first_name=nasty, name=nasty, email=nasty)
@example(
    first_name="0" + "\u0800" * 9 + "\u0898\u0898 \xa1", name="", email=""
)  # the email package would lose the blank
@example(first_name="000000" + "\x1f" * 3 + "\x08" * 2 + "\x80" * 7 + "\U00010000" + "0", name="", email="")
@settings(max_examples=300, deadline=None)
def test_it_says_what_a_plain_rendering_says(compiled, first_name, name, email):
    values = {"first_name": first_name, "email": email}
    who = reader(name=name, values=values)
    raw = compiled.render(who, at=AT)
    filled = compiled.values(who)
    naive = build(
        Body(
            subject=merging.parse("News for {{first_name|you}}").fill(values),
            text=merging.parse(compiled.text_source).fill(filled),
            html=merging.parse(compiled.html_source).fill(filled, escape=merging.html_escape),
        ),
        sender=("Juniper Töpferei", "hello@juniper.example"),
        to="maren@example.com",
        row_id=who.delivery_id,
        at=AT,
    )
    ours, plain = parsed(raw), parsed(naive)
    for kind in ("plain", "html"):
        assert lines(ours, kind) == lines(plain, kind)
    assert (
        ours["Subject"]
        == plain["Subject"]
        == headers.one_line(merging.parse("News for {{first_name|you}}").fill(values))
    )
    assert ours["To"].addresses[0].addr_spec == "maren@example.com"
    assert [str(name) for name in ours] == NAMES
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    body = raw.split(b"\r\n\r\n", 1)[1]
    assert all(len(line) <= 76 for line in body.split(b"\r\n") if not line.startswith((b"--", b"Content-")))
    assert b"\n" not in raw.replace(b"\r\n", b"")


NAMES = [
    "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "X-Plainsail-Return",
    "From", "Reply-To", "MIME-Version", "List-Unsubscribe-Post",
    "List-Id", "Feedback-ID", "X-Plainsail-Workspace", "Content-Type",
]  # fmt: skip


def lines(message, kind):
    return message.get_body((kind,)).get_content().replace("\r\n", "\n").rstrip("\n")


@given(st.text(max_size=400))
def test_every_encoded_piece_can_stand_before_any_other(text):
    from quopri import decodestring

    encodable = text.encode("utf-8", "ignore").decode()
    pieces = quoted(encodable) + quoted("end")
    expected = encodable.replace("\r\n", "\n").replace("\r", "\n").encode().replace(b"\n", b"\r\n")
    assert decodestring(pieces) == expected + b"end"


@given(st.text(max_size=300))
def test_a_header_stays_one_header(text):
    value = headers.encoded(text)
    message = parsed(f"Subject: {value}\r\nX-Next: yes\r\n\r\n".encode())
    assert list(message.keys()) == ["Subject", "X-Next"]
    assert "\n" not in value.replace("\r\n ", "")


@given(st.text(max_size=120))
def test_a_name_never_changes_the_address_beside_it(text):
    message = parsed(f"From: {headers.mailbox(text, 'a@example.com')}\r\n\r\n".encode())
    assert list(message.keys()) == ["From"]
    assert [address.addr_spec for address in message["From"].addresses] == ["a@example.com"]
