"""The one door: who is let in, how often, how far and with what; and that nothing is done twice."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from plainsail.accounts.models import ApiKey, AuditEntry, Membership, Role, User
from plainsail.accounts.services import api_keys, members
from plainsail.accounts.tests.factories import program
from plainsail.api.models import KeptAnswer
from plainsail.api.services import answers
from plainsail.api.views import door
from plainsail.commerce.services import sellers
from plainsail.contacts.models import Contact
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel import clock
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.web import Program

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 27, 9, tzinfo=UTC)


def told(answer):
    """A problem document, and that it is one."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    said = json.loads(answer.content)
    assert said["status"] == answer.status_code
    assert said["request_id"] == answer["X-Request-ID"]
    return said


@pytest.fixture
def shop(juniper) -> Program:
    return program(juniper)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer plain_wrong",
        "Basic YTpi",
        "Bearer " + "x" * 5000,
        "Bearer plain_\u00e9",
        "nonsense",
    ],
)
def test_without_a_good_key_it_is_401_and_never_a_page(juniper, header):
    answer = Client(headers={"host": "localhost", "authorization": header}).get("/api/v1/contacts")
    assert answer.status_code == 401
    assert told(answer)["code"] == "not_a_key"
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_signing_in_opens_nothing_here(as_ada):
    assert as_ada.get("/api/v1/contacts").status_code == 401


def test_revoked_expired_and_orphaned_keys_are_strangers(juniper):
    with clock.fixed(AT):
        revoked, expired, orphan = (
            program(juniper, name=name, expires_at=AT + timedelta(days=1)) for name in ("one", "two", "three")
        )
        assert [one.ask("get", "contacts").status_code for one in (revoked, expired, orphan)] == [200] * 3
        with workspace(juniper):
            assert api_keys.revoke(revoked.key, by=None, at=AT)
            assert not api_keys.revoke(revoked.key, by=None, at=AT)
        User.objects.filter(pk=orphan.key.made_by_id).update(is_active=False)
        assert [one.ask("get", "contacts").status_code for one in (revoked, expired, orphan)] == [401, 200, 401]
    with clock.fixed(AT + timedelta(days=1)):
        assert expired.ask("get", "contacts").status_code == 401


def test_keys_go_with_whoever_made_them(juniper, ada):
    left = program(juniper, role=Role.EDITOR)
    owner = Membership.objects.get(user=ada)
    with workspace(juniper):
        members.remove(Membership.objects.get(user=left.key.made_by_id), by=owner, at=AT)
        assert AuditEntry.objects.filter(action="accounts.api_key_revoked", person=ada).exists()
    assert left.ask("get", "contacts").status_code == 401
    assert ApiKey.objects.get(pk=left.key.pk).revoked_at == AT


def test_a_key_shows_its_own_business_only(juniper, acme, shop):
    with workspace(acme):
        theirs = ContactFactory()
    with workspace(juniper):
        ours = ContactFactory()
    assert [row["id"] for row in shop.ask("get", "contacts").json()["data"]] == [str(ours.id)]
    for method, body in (("get", None), ("patch", {"first_name": "X"}), ("delete", None)):
        answer = shop.ask(method, f"contacts/{theirs.id}", body)
        assert told(answer)["code"] == "not_found"


def test_a_scope_that_is_missing_is_told(juniper):
    reader = program(juniper, "contacts:read")
    assert reader.ask("get", "contacts").status_code == 200
    answer = reader.ask("post", "contacts", {"email": "maren@example.com"})
    assert answer.status_code == 403
    assert "contacts:write" in told(answer)["detail"]
    assert told(reader.ask("get", "orders"))["code"] == "out_of_reach"


def test_no_key_reaches_further_than_its_maker_does_today(juniper):
    shop = program(juniper, role=Role.ADMIN)
    assert shop.ask("post", "contacts", {"email": "one@example.com"}).status_code == 201
    Membership.objects.filter(user=shop.key.made_by_id).update(role=Role.VIEWER)
    assert shop.ask("post", "contacts", {"email": "two@example.com"}).status_code == 403
    assert shop.ask("get", "contacts").status_code == 200


def test_a_closing_business_can_be_read_and_not_changed(juniper, shop):
    Workspace.objects.filter(pk=juniper.pk).update(state="closing")
    assert shop.ask("get", "contacts").status_code == 200
    assert told(shop.ask("post", "contacts", {"email": "one@example.com"}))["code"] == "closed"
    Workspace.objects.filter(pk=juniper.pk).update(state="closed")
    assert shop.ask("get", "contacts").status_code == 401


@pytest.mark.parametrize("path", ["nowhere", "", "contacts/", "contacts/not-an-id", "../x", "contacts/1/2/3"])
def test_an_unknown_address_is_a_problem_and_no_page(shop, path):
    answer = shop.ask("get", path)
    assert answer.status_code == 404
    assert told(answer)["code"] == "not_found"


def test_a_method_that_an_address_does_not_take_names_those_it_takes(shop):
    answer = shop.ask("put", "contacts", {})
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST")
    assert shop.ask("head", "contacts").status_code == 200


def test_what_is_not_known_is_refused_and_not_ignored(shop):
    answer = shop.ask("post", "contacts", {"email": "maren@example.com", "frist_name": "Maren"})
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in told(answer)["errors"]] == [
        ("/frist_name", "extra_forbidden")
    ]
    answer = shop.ask("get", "contacts?emial=maren@example.com")
    assert told(answer)["errors"][0]["parameter"] == "emial"
    assert shop.ask("get", "contacts?tag=a&tag=b").status_code == 422


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"email": "\\ud800@example.com"}', "application/json", 400),
        (b'{"email": "a\\u0000@example.com"}', "application/json", 422),
        (b'{"email": NaN}', "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b'"x"', "application/json", 422),
        (b"", "application/json", 422),
        (b"email=a@example.com", "application/x-www-form-urlencoded", 415),
        (b'{"email": "a@example.com", "first_name": "' + b"x" * door.LARGEST + b'"}', "application/json", 413),
        (b'{"email": "a@example.com", "first_name": "' + b"x" * 101 + b'"}', "application/json", 422),
        (b'{"email": "a@example.com", "score": 99999999999999999999}', "application/json", 422),
        (b'{"email": {"a": 1}}', "application/json", 422),
    ],
)
def test_garbage_and_huge_bodies_are_refused_in_words(shop, juniper, body, kind, status):
    answer = shop.post("/api/v1/contacts", body, content_type=kind)
    assert answer.status_code == status, answer.content
    told(answer)
    with workspace(juniper):
        assert Contact.objects.count() == 0


def test_a_zero_byte_in_the_address_is_a_problem_too(shop):
    assert told(shop.ask("get", "contacts?email=%00"))["code"] == "bad_request"


def test_how_often_still_stands_on_every_answer(shop, monkeypatch):
    monkeypatch.setattr(door, "RATE", door.Throttle(purpose="api", limit=3, seconds=60))
    with clock.fixed(AT + timedelta(seconds=20)):
        found = [shop.ask("get", path) for path in ("contacts", "nowhere-else", "contacts", "orders", "contacts")]
    assert [answer.status_code for answer in found] == [200, 404, 200, 200, 429]
    assert [answer.headers.get("RateLimit-Remaining") for answer in found] == ["2", None, "1", "0", "0"]
    last = found[-1]
    assert (last["RateLimit-Limit"], last["RateLimit-Reset"], last["Retry-After"]) == ("3", "40", "40")
    assert last["RateLimit-Policy"] == "3;w=60"
    assert told(last)["code"] == "too_many_requests"
    with clock.fixed(AT + timedelta(seconds=60)):
        assert shop.ask("get", "contacts").status_code == 200


def test_another_key_has_its_own_rate(juniper, shop, monkeypatch):
    monkeypatch.setattr(door, "RATE", door.Throttle(purpose="api", limit=1, seconds=60))
    other = program(juniper, name="Other")
    with clock.fixed(AT):
        assert [one.ask("get", "contacts").status_code for one in (shop, shop, other)] == [200, 429, 200]


def test_when_a_key_was_last_used_is_noted_every_five_minutes(shop):
    for minutes in (0, 4, 6):
        with clock.fixed(AT + timedelta(minutes=minutes)):
            shop.ask("get", "contacts")
    assert ApiKey.objects.get(pk=shop.key.pk).used_at == AT + timedelta(minutes=6)


def test_the_secret_is_nowhere_in_the_database(shop):
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(accounts_apikey.*)::text FROM accounts_apikey")
        assert shop.secret not in cursor.fetchone()[0]
    assert shop.key.beginning == shop.secret[:12]


def test_the_same_key_does_it_once_and_answers_alike(shop, juniper):
    maren = {"email": "maren@example.com"}
    first = shop.ask("post", "contacts", maren, idempotency_key="order-1")
    second = shop.ask("post", "contacts", maren, idempotency_key="order-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (first["ETag"], first["Location"]) == (second["ETag"], second["Location"])
    assert (first.headers.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
    assert shop.ask("post", "contacts", maren).status_code == 409
    with workspace(juniper):
        assert Contact.objects.count() == 1


def test_the_same_key_with_another_request_is_refused(shop):
    shop.ask("post", "contacts", {"email": "maren@example.com"}, idempotency_key="order-1")
    answer = shop.ask("post", "contacts", {"email": "other@example.com"}, idempotency_key="order-1")
    assert answer.status_code == 422
    assert told(answer)["code"] == "idempotency_key_reused"


def test_another_program_may_choose_the_same_key(juniper, shop):
    other = program(juniper, name="Other")
    assert shop.ask("post", "contacts", {"email": "a@example.com"}, idempotency_key="1").status_code == 201
    assert other.ask("post", "contacts", {"email": "b@example.com"}, idempotency_key="1").status_code == 201


def test_what_was_refused_may_be_asked_again_with_the_same_key(shop):
    assert shop.ask("post", "contacts", {"email": "no"}, idempotency_key="1").status_code == 422
    assert shop.ask("post", "contacts", {"email": "a@example.com"}, idempotency_key="1").status_code == 201


def test_after_a_day_a_key_is_new_again_and_forgotten(shop, juniper):
    with clock.fixed(AT):
        shop.ask("post", "contacts", {"email": "a@example.com"}, idempotency_key="1")
        with workspace(juniper):
            assert answers.forget(at=AT) == AT + timedelta(hours=24)
    with clock.fixed(AT + timedelta(hours=24)):
        assert shop.ask("post", "contacts", {"email": "b@example.com"}, idempotency_key="1").status_code == 201
    with workspace(juniper):
        assert answers.forget(at=AT + timedelta(hours=48)) is None
        assert not KeptAnswer.objects.exists()


@pytest.mark.parametrize("name", ["", "x" * 256, "schlüssel"])
def test_a_strange_idempotency_key_is_refused(shop, name):
    answer = shop.ask("post", "contacts", {"email": "a@example.com"}, idempotency_key=name)
    assert told(answer)["code"] == "bad_idempotency_key"


def test_a_fault_of_ours_leaves_nothing_behind_and_says_so(shop, juniper, monkeypatch):
    shop.raise_request_exception = False

    def broken(*_arguments, **_named):
        raise RuntimeError

    monkeypatch.setattr("plainsail.contacts.api.people.again", broken)
    answer = shop.ask("post", "contacts", {"email": "a@example.com"}, idempotency_key="1")
    assert answer.status_code == 500
    assert told(answer)["code"] == "server_error"
    with workspace(juniper):
        assert not Contact.objects.exists()
        assert not KeptAnswer.objects.exists()


def test_what_one_has_already_is_not_sent_again(shop, juniper):
    with workspace(juniper):
        maren = ContactFactory()
    first = shop.ask("get", f"contacts/{maren.id}")
    again = shop.ask("get", f"contacts/{maren.id}", if_none_match=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])


def test_answers_are_kept_by_no_cache(shop):
    assert "no-store" in shop.ask("get", "contacts")["Cache-Control"]


@pytest.mark.django_db(transaction=True)
def test_of_ten_at_the_same_moment_one_is_done_and_all_are_answered(juniper):
    shop, found, together = program(juniper), [], threading.Barrier(4)

    def work() -> None:
        together.wait()
        mine = Program(shop.secret)
        found.append(mine.ask("post", "contacts", {"email": "maren@example.com"}, idempotency_key="same"))
        connection.close()

    threads = [threading.Thread(target=work) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(answer.status_code, answer.content) for answer in found} == {(201, found[0].content)}
    with workspace(juniper):
        assert Contact.objects.count() == 1


def test_what_a_key_did_stands_in_the_log_with_its_name(juniper, in_workspace):
    with clock.fixed(AT):
        shop = program(juniper)
        with in_workspace(juniper):
            sellers.of_workspace(at=AT)
        assert shop.ask("post", "clock", {"to": "2026-12-01T00:00:00Z"}).status_code == 200
    with workspace(juniper):
        entry = AuditEntry.objects.get(action="commerce.clock_moved")
    assert entry.person_id == shop.key.made_by_id
    assert entry.details["api_key"] == f"Shop ({shop.key.beginning}…)"
