"""Whatever stands in a mail and whoever reads it: what is sent says what a plain Django template would say."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace
from uuid import UUID

from django.template import Context, Template
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plainsail.kernel.ids import new_id
from plainsail.mail.services import dkim, lines
from plainsail.mail.services.compiling import part
from plainsail.mail.services.filling import Form, Recipient, form_from_json, form_to_json

AT = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
NAMES = ("first_name", "city", "company")
CONDITIONS = (0, 1, 2)
"""Places among the mail's."""
TRICKY = "\r\n\t ={}<>&\"'\\.,;:@?_|#^/\u00e4\u20ac\u05d0\u0627\u202e\u2028\U0001f600"

typed = st.text(
    st.one_of(st.sampled_from(TRICKY), st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), max_size=90
)
values = st.one_of(
    typed,
    st.sampled_from(
        [
            "",
            ".",
            "..\r\n.\r\n..",
            "<script>alert('x')</script>",
            "x" * 10_000,
            "שלום " * 40,
            "🎉" * 60,
            "=?utf-8?q?no?=",
            "Eve\r\nBcc: all@example.com\r\n\r\nHello",
        ]
    ),
)
words = st.one_of(typed, st.sampled_from([".", "\n.\n", "y" * 2000, "line\r\n" * 30])).filter(
    lambda text: "{{" not in text
)
fallbacks = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00{}|"), max_size=20).map(str.strip)
said = st.one_of(
    st.tuples(st.just("words"), words),
    st.tuples(st.just("hole"), st.sampled_from(NAMES), fallbacks),
)
sections = st.tuples(st.just("if"), st.sampled_from(CONDITIONS), st.lists(said, max_size=3), st.lists(said, max_size=3))
bodies = st.lists(said | sections, max_size=6)


def source_of(body):
    """As sections are rendered: merge fields and marks of conditions."""
    found = []
    for kind, *rest in body:
        if kind == "words":
            found.append(rest[0])
        elif kind == "hole":
            name, fallback = rest
            found.append(f"{{{{{name}|{fallback}}}}}" if fallback else f"{{{{{name}}}}}")
        else:
            place, then, otherwise = rest
            found.append(f"{{{{ps.if_{place}}}}}{source_of(then)}{{{{ps.end}}}}")
            found.append(f"{{{{ps.not_{place}}}}}{source_of(otherwise)}{{{{ps.end}}}}")
    return "".join(found)


def template_of(body, texts):
    """The same as a Django template; what was typed comes in by variables, so that nothing of it is read as a tag."""
    found = []
    for kind, *rest in body:
        if kind == "if":
            place, then, otherwise = rest
            found.append(f"{{% if facts.place_{place} %}}{template_of(then, texts)}{{% else %}}")
            found.append(f"{template_of(otherwise, texts)}{{% endif %}}")
            continue
        text = rest[-1]
        texts.append(text)
        plain = f"{{{{ texts.{len(texts) - 1}|safe }}}}"
        if kind == "hole":
            found.append(f"{{% if values.{rest[0]} %}}{{{{ values.{rest[0]} }}}}{{% else %}}{plain}{{% endif %}}")
        else:
            found.append(plain)
    return "".join(found)


def by_django(body, given_values, facts, *, escapes):
    texts: list[str] = []
    template = Template(template_of(body, texts))
    shown = given_values if escapes else {name: " ".join(value.split()) for name, value in given_values.items()}
    # A value of nothing but blanks is a value: it shows nothing, and no fallback.
    if not escapes:
        shown = {name: shown[name] or ("\ufffe" if given_values[name] else "") for name in shown}
    context = {"texts": texts, "values": shown, "facts": {f"place_{place}": True for place in facts}}
    return template.render(Context(context, autoescape=escapes)).replace("\ufffe", "")


def form_of(html, text):
    return Form(
        workspace_id=UUID(int=1),
        list_id=UUID(int=2),
        sender="hello@juniper.example",
        site="https://juniper.example",
        subject=(("News for ", "!"), (("first_name", "you"),)),
        text=part(source_of(text), kind="line"),
        html=part(source_of(html), kind="html"),
        links=(),
        unseen="https://juniper.example/?unseen",
        is_tracked=False,
        fixed_headers=b'From: hello@juniper.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="=_b"\r\n',
        boundary=b"=_b",
    )


def reader(given_values, facts):
    return Recipient(
        delivery_id=new_id(),
        contact_id=new_id(),
        name=given_values["first_name"],
        address="maren@example.com",
        values=given_values,
        unsubscribe_url="https://juniper.example/u/1/",
        preferences_url="https://juniper.example/p/1/",
        one_click_url="https://juniper.example/u/1/",
        facts=frozenset(facts),
    )


def one_kind_of_line_end(text):
    return re.sub(r"\r\n?", "\n", text)


def read(message, kind):
    found = message.get_body((kind,))
    return one_kind_of_line_end(found.get_payload(decode=True).decode())


@given(
    html=bodies,
    text=bodies,
    given_values=st.fixed_dictionaries(dict.fromkeys(NAMES, values)),
    facts=st.sets(st.sampled_from(CONDITIONS)),
)
@example(
    html=[("if", 1, [("words", ".")], [("hole", "city", ".")])],
    text=[("words", "\n."), ("hole", "first_name", "")],
    given_values={"first_name": ".", "city": "", "company": "x" * 10_000},
    facts=set(),
)
@settings(max_examples=250, deadline=None)
def test_what_is_sent_says_what_a_django_template_says(html, text, given_values, facts):
    form = form_from_json(json.loads(json.dumps(form_to_json(form_of(html, text)))))
    who = reader(given_values, facts)
    raw = form.render(who, at=AT)
    message = message_from_bytes(raw, policy=default)
    # What a signature covers is worked out without looking through the whole; it must be what a receiver works out.
    covered = []
    signer = SimpleNamespace(lines=lambda _head, canonical, *, at: covered.append(canonical) or b"")
    assert form.render(who, at=AT, signer=signer) == raw
    assert covered == [dkim.relaxed_body(raw.partition(b"\r\n\r\n")[2])]
    # A body's own last line end belongs to the boundary that follows (RFC 2046 §5.1.1), and is there in any case.
    assert read(message, "html") == one_kind_of_line_end(by_django(html, given_values, facts, escapes=True))
    assert read(message, "plain") == one_kind_of_line_end(by_django(text, given_values, facts, escapes=False))
    assert [name.lower() for name in message] == [
        "to", "subject", "date", "message-id", "list-unsubscribe", "x-plainsail-return", "from", "mime-version", "content-type",
    ]  # fmt: skip
    assert message["To"].addresses[0].addr_spec == "maren@example.com"
    sent = raw.split(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert not any(line.startswith(b".") for line in sent)
    assert all(len(line) <= 998 for line in sent)
    body = raw.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert all(len(line) <= 76 for line in body if not line.startswith((b"--", b"Content-")))


def test_a_name_of_ours_that_somebody_typed_says_nothing():
    form = form_of([("hole", "ps.pixel", "")], [("words", "one "), ("hole", "ps.link_7", ""), ("words", " two")])
    message = message_from_bytes(form.render(reader(dict.fromkeys(NAMES, ""), set()), at=AT), policy=default)
    assert (read(message, "plain").rstrip(), read(message, "html").rstrip()) == ("one /c/ two", "/o/")


@given(st.one_of(typed, st.tuples(typed, typed).map("@".join), st.emails()))
@example("eve@example.com\r\nRCPT TO:<all@example.com>")
@example("eve@example.com>\r\nDATA")
@example("eve\r\n@example.com")
@example("eve@exam\nple.com")
@example('"eve smith"@example.com')
@example("eve@example.com\u2028")
@settings(max_examples=400)
def test_nothing_gets_into_an_envelope_but_an_address(address):
    found = lines.envelope(address)
    assert found is None or re.fullmatch(r"[^\s<>,;:\\\"()\[\]\x00-\x20\x7f]+@[A-Za-z0-9._-]+", found)


@given(name=values, city=values)
@settings(max_examples=150, deadline=None)
def test_no_value_starts_a_header_of_its_own(name, city):
    form = form_of([], [])
    raw = form.render(reader({"first_name": name, "city": city, "company": city}, set()), at=AT)
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert names == [
        b"to", b"subject", b"date", b"message-id", b"list-unsubscribe", b"x-plainsail-return", b"from", b"mime-version", b"content-type",
    ]  # fmt: skip
    assert b"\r" not in head.replace(b"\r\n", b"")
