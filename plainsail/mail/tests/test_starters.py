"""The finished mails: short enough to arrive whole, clean to spam filters, readable for everybody in light and dark."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from plainsail.kernel import clock
from plainsail.kernel.http import workspace_url
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe
from plainsail.mail.models import Email
from plainsail.mail.services import emails, inspecting, merge_fields, previews, senders, spam, starters

GMAIL_CUTS_AT = 102 * 1024


def draft(starter):
    return Email(
        subject=starter.subject() or str(starter.label),
        preheader=starter.preheader(),
        document=emails.stored(starter.document()),
    )


@pytest.mark.django_db
def test_there_is_one_for_every_usual_occasion(in_juniper):
    assert len(starters.ALL) >= 14
    assert len({starter.key for starter in starters.ALL}) == len(starters.ALL)


@pytest.mark.django_db
@pytest.mark.parametrize("starter", starters.ALL, ids=lambda starter: starter.key)
def test_each_is_whole_in_gmail_and_asks_only_for_fields_that_exist(in_juniper, starter):
    email = draft(starter)
    shown = previews.show(email, in_juniper, at=clock.now())
    assert len(shown.html.encode()) < GMAIL_CUTS_AT
    assert "{{" not in shown.html + shown.text + shown.subject
    texts = [email.subject, email.preheader, *merge_fields.texts_of(email.read())]
    assert [name for text in texts if (name := merge_fields.unknown(text, merge_fields.names()))] == []
    assert merge_fields.without_fallback(text for text in texts if "preferences_url" not in text) == []


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.skipif(not spam.is_installed(), reason="SpamAssassin is not installed here")
def test_none_looks_like_spam(in_juniper):
    in_juniper.postal_address = "Kiln Lane 4, 12345 Town"
    sender = senders.default()
    senders.change(sender, name="Juniper Pottery Studio", address="hello@juniper-pottery.com", reply_to="")
    sender.refresh_from_db()
    messages = {
        starter.key: inspecting.sample(draft(starter), in_juniper, sender, None, at=clock.now())
        for starter in starters.ALL
    }
    with ThreadPoolExecutor(2) as pool:
        judged = dict(zip(messages, pool.map(spam.judge, messages.values()), strict=True))
    assert {key: (found.score, found.rules) for key, found in judged.items() if found.score > 0} == {}


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_each_is_accessible_in_light_and_dark(juniper, as_ada, page, live_server):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    # A mail is a letter of its own, not a page with landmarks.
    found = []
    with workspace(juniper):
        drafts = {
            starter.key: emails.create(starter.document(), subject=starter.label, at=clock.now())
            for starter in starters.ALL
        }
    for key, email in drafts.items():
        for scheme, rule in (("light", ""), ("dark", "color-contrast")):
            page.goto(f"{origin}{workspace_url(juniper, 'mail:preview', email.id)}?scheme={scheme}")
            found += [(key, scheme, fault) for fault in axe(page, rule=rule) if not fault.startswith("region")]
    assert found == []
