"""Contacts by API: the same rules as on the pages, stable pages, and a thousand at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.accounts.tests.factories import program
from plainsail.contacts.models import ConsentEntry, Contact, ListMember
from plainsail.contacts.services import consent, contacts, fields, suppression, tags
from plainsail.contacts.tests.factories import ContactFactory, ListFactory, ListMemberFactory, TagFactory
from plainsail.kernel import clock
from plainsail.kernel.models import EventRow
from plainsail.kernel.tenancy import workspace

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 27, 9, tzinfo=UTC)


@pytest.fixture
def shop(juniper):
    return program(juniper, "contacts:write")


def code(answer):
    return answer.json()["code"]


def state(juniper, contact_id):
    with workspace(juniper):
        return ListMember.objects.filter(contact_id=contact_id).values_list("state", flat=True).first()


def test_somebody_is_added_and_read_as_they_were_added(shop):
    made = shop.ask(
        "post",
        "contacts",
        {"email": " Maren@Example.COM ", "first_name": "Maren", "country": "DE", "tags": ["VIP guest"]},
    )
    assert made.status_code == 201
    read = shop.ask("get", made["Location"])
    assert read.json() == made.json()
    assert read["ETag"] == made["ETag"]
    said = read.json()
    assert (said["email"], said["first_name"], said["country"]) == ("maren@example.com", "Maren", "DE")
    assert (said["tags"], said["lists"], said["source"], said["deleted_at"]) == (["vip-guest"], [], "api", None)


def test_being_added_puts_nobody_on_a_list(shop, juniper):
    made = shop.ask("post", "contacts", {"email": "maren@example.com"}).json()
    assert state(juniper, made["id"]) is None
    assert shop.ask("post", "contacts", {"email": "a@example.com", "lists": ["x"]}).status_code == 422


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"country": "XX"}, "/country"),
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"locale": "German, please"}, "/locale"),
        ({"first_name": None}, "/first_name"),
        ({"score": "many"}, "/score"),
        ({"tags": ["x"] * 51}, "/tags"),
        ({"tags": [""]}, "/tags/0"),
        ({"email": "nobody"}, "/email"),
    ],
)
def test_a_fault_is_told_with_its_place(shop, fields, pointer):
    answer = shop.ask("post", "contacts", {"email": "maren@example.com"} | fields)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_an_address_that_is_taken_is_refused(shop):
    shop.ask("post", "contacts", {"email": "maren@example.com"})
    answer = shop.ask("post", "contacts", {"email": "MAREN@example.com"})
    assert (answer.status_code, code(answer)) == (409, "address_taken")


def test_what_is_left_out_stays_and_an_empty_text_clears(shop):
    made = shop.ask("post", "contacts", {"email": "m@example.com", "first_name": "Maren", "city": "Husum"}).json()
    changed = shop.ask("patch", f"contacts/{made['id']}", {"city": "", "email": "new@example.com"}).json()
    assert (changed["first_name"], changed["city"], changed["email"]) == ("Maren", "", "new@example.com")


def test_a_change_of_what_somebody_else_changed_is_refused(shop):
    made = shop.ask("post", "contacts", {"email": "m@example.com"})
    path = f"contacts/{made.json()['id']}"
    first = shop.ask("patch", path, {"city": "Husum"}, if_match=made["ETag"])
    assert first.status_code == 200
    late = shop.ask("patch", path, {"city": "Kiel"}, if_match=made["ETag"])
    assert (late.status_code, code(late)) == (412, "precondition_failed")
    assert shop.ask("delete", path, if_match=made["ETag"]).status_code == 412
    assert shop.ask("get", path).json()["city"] == "Husum"
    assert shop.ask("patch", path, {"city": "Kiel"}, if_match=f'"x", {first["ETag"]}').status_code == 200
    assert shop.ask("patch", path, {"city": "Kiel"}, if_match="*").status_code == 200


def test_deleting_hides_and_can_be_undone(shop, juniper):
    made = shop.ask("post", "contacts", {"email": "m@example.com"}).json()
    path = f"contacts/{made['id']}"
    assert [shop.ask("delete", path).status_code for _twice in range(2)] == [204, 204]
    with workspace(juniper):
        assert EventRow.objects.filter(name="contacts.contact_deleted").count() == 1
    assert shop.ask("get", path).json()["deleted_at"] is not None
    assert shop.ask("get", "contacts").json()["data"] == []
    assert shop.ask("patch", path, {"city": "Kiel"}).status_code == 404
    assert shop.ask("post", f"{path}/restoration").json()["deleted_at"] is None


def test_tags_are_put_on_and_taken_off(shop):
    made = shop.ask("post", "contacts", {"email": "m@example.com"}).json()
    path = f"contacts/{made['id']}/tags"
    assert shop.ask("post", path, {"tags": ["VIP", "Guest"]}).json()["tags"] == ["guest", "vip"]
    assert shop.ask("post", path, {"tags": ["VIP"]}).json()["tags"] == ["guest", "vip"]
    assert shop.ask("delete", f"{path}/vip").json()["tags"] == ["guest"]
    assert shop.ask("delete", f"{path}/vip").json()["tags"] == ["guest"]
    assert shop.ask("delete", f"{path}/nobody-knows").status_code == 404
    assert {tag["slug"] for tag in shop.ask("get", "tags").json()["data"]} == {"vip", "guest"}


@pytest.fixture
def topic(juniper):
    with workspace(juniper):
        return ListFactory(name="News", slug="news")


def joins(shop, made, topic, **how):
    body = {"list": str(topic.id), "wording": "Yes, send me the news"} | how
    return shop.ask("post", f"contacts/{made['id']}/lists", body)


def test_joining_a_list_asks_them_first(shop, juniper, topic):
    made = shop.ask("post", "contacts", {"email": "m@example.com"}).json()
    answer = joins(shop, made, topic, ip="192.0.2.7", user_agent="Shop/1")
    assert answer.json()["lists"] == [{"id": str(topic.id), "slug": "news", "state": "pending"}]
    with workspace(juniper):
        proof = ConsentEntry.objects.get()
    assert (proof.act, proof.wording, proof.source, proof.ip) == ("asked", "Yes, send me the news", "api", "192.0.2.7")


def test_with_a_basis_they_are_on_it_and_the_proof_is_kept(shop, juniper, topic):
    made = shop.ask("post", "contacts", {"email": "m@example.com"}).json()
    assert joins(shop, made, topic, how="basis").json()["lists"][0]["state"] == "subscribed"
    with workspace(juniper):
        assert ConsentEntry.objects.get().wording == "Yes, send me the news"


@pytest.mark.parametrize("how", ["confirmation", "basis"])
def test_without_proof_nobody_joins(shop, juniper, topic, how):
    made = shop.ask("post", "contacts", {"email": "m@example.com"}).json()
    for body in ({}, {"wording": ""}, {"wording": "  "}):
        answer = shop.ask("post", f"contacts/{made['id']}/lists", {"list": str(topic.id), "how": how} | body)
        assert answer.status_code == 422
    assert state(juniper, made["id"]) is None


def test_no_program_lifts_an_unsubscription(shop, juniper, topic):
    made = shop.ask("post", "contacts", {"email": "m@example.com"}).json()
    joins(shop, made, topic, how="basis")
    left = shop.ask("delete", f"contacts/{made['id']}/lists/{topic.id}")
    assert left.json()["lists"][0]["state"] == "unsubscribed"
    answer = joins(shop, made, topic, how="basis")
    assert (answer.status_code, code(answer)) == (409, "left_list")
    assert state(juniper, made["id"]) == "unsubscribed"
    assert joins(shop, made, topic).json()["lists"][0]["state"] == "pending"


def pages(shop, path):
    """Rows of each page, following `next`."""
    found = []
    while path:
        said = shop.ask("get", path).json()
        found.append([row["id"] for row in said["data"]])
        path = said["next"]
    return found


def test_pages_hold_each_once_though_others_come_meanwhile(shop, juniper):
    with workspace(juniper):
        made = [ContactFactory(created_at=AT + timedelta(minutes=number // 2)) for number in range(7)]
    expected = [str(one.id) for one in sorted(made, key=lambda one: (one.created_at, one.id), reverse=True)]
    first = shop.ask("get", "contacts?limit=3").json()
    with workspace(juniper):
        ContactFactory(created_at=AT + timedelta(hours=1))
        ContactFactory(created_at=AT - timedelta(hours=1))
    rest = pages(shop, first["next"])
    seen = [row["id"] for row in first["data"]] + [row for page in rest for row in page]
    assert seen[:7] == expected
    assert len(seen) == len(set(seen)) == 8
    assert [len(page) for page in rest] == [3, 2]


def test_next_keeps_the_question(shop, juniper):
    with workspace(juniper):
        tag = TagFactory(slug="vip")
        for _each in range(3):
            tags.add(ContactFactory(), tag, at=AT)
        ContactFactory()
    assert [len(page) for page in pages(shop, "contacts?tag=vip&limit=2")] == [2, 1]


@pytest.mark.parametrize("cursor", ["x", "", "W10", "bnVsbA", "WyItaWQiLCIiLCJ4Il0", "%FF", "é", "A" * 5000])
def test_a_cursor_that_we_did_not_give_out_is_refused(shop, cursor):
    assert shop.ask("get", f"contacts?cursor={cursor}").status_code == 422


def test_a_cursor_of_another_list_is_refused(shop, juniper):
    with workspace(juniper):
        TagFactory(), TagFactory()
    cursor = shop.ask("get", "tags?limit=1").json()["next"].rpartition("cursor=")[2]
    assert code(shop.ask("get", f"contacts?cursor={cursor}")) == "bad_cursor"


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1e3", ""])
def test_a_limit_out_of_bounds_is_refused(shop, limit):
    assert shop.ask("get", f"contacts?limit={limit}").status_code == 422


def test_people_are_found_by_address_tag_and_list(shop, juniper, topic):
    with workspace(juniper):
        maren, other = ContactFactory(email="maren@example.com"), ContactFactory()
        tags.add(maren, TagFactory(slug="vip"), at=AT)
        ListMemberFactory(list=topic, contact=other)
    for question, expected in (
        ("email=Maren@example.com", maren),
        ("tag=vip", maren),
        ("list=news", other),
    ):
        assert [row["id"] for row in shop.ask("get", f"contacts?{question}").json()["data"]] == [str(expected.id)]
    assert code(shop.ask("get", "contacts?tag=nobody-knows")) == "unknown_name"
    assert code(shop.ask("get", "contacts?email=nobody")) == "bad_address"


def test_changes_since_a_moment_come_in_their_order_with_those_deleted(shop, juniper, topic):
    with workspace(juniper):
        quiet, tagged, gone, changed, joined = (ContactFactory(updated_at=AT) for _each in range(5))
        tags.add(tagged, TagFactory(), at=AT + timedelta(hours=1))
        contacts.delete(gone, at=AT + timedelta(hours=2))
        contacts.update(changed, fields={"city": "Husum"}, at=AT + timedelta(hours=3))
        consent.add_with_basis(joined, topic, basis="paper", source="x", at=AT + timedelta(hours=4))
    since = (AT + timedelta(minutes=1)).isoformat().replace("+", "%2B")
    found = pages(shop, f"contacts?updated_since={since}&limit=3")
    assert [row for page in found for row in page] == [str(one.id) for one in (tagged, gone, changed, joined)]
    assert str(quiet.id) not in found
    assert shop.ask("get", "contacts?updated_since=2026-11-27").status_code == 422
    assert shop.ask("get", "contacts?updated_since=2026-11-27T10:00:00").status_code == 422


@pytest.mark.parametrize("number", [1, 3])
def test_a_page_takes_as_many_queries_for_one_as_for_three(shop, juniper, topic, number, django_assert_num_queries):
    with workspace(juniper):
        for _each in range(number):
            member = ListMemberFactory(list=topic)
            tags.add(member.contact, TagFactory(), at=AT)
    shop.ask("get", "contacts")
    with django_assert_num_queries(21):
        shop.ask("get", "contacts")


def bulk(shop, *rows, **headers):
    return shop.ask("post", "contacts/bulk", {"contacts": list(rows)}, **headers)


def test_each_row_has_its_own_result(shop, juniper):
    with workspace(juniper):
        ContactFactory(email="known@example.com", first_name="Old", city="Husum")
        contacts.delete(ContactFactory(email="gone@example.com"), at=AT)
    answer = bulk(
        shop,
        {"email": "new@example.com", "first_name": "New", "tags": ["VIP"]},
        {"email": "KNOWN@example.com", "first_name": "Known"},
        {"email": "nobody"},
        {"email": "new@example.com"},
        {"email": "gone@example.com"},
        {"email": "x@example.com", "frist_name": "X"},
        {"email": "known2@example.com", "country": "XX"},
        "nonsense",
    )
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [(one["index"], one["state"], one["code"]) for one in results] == [
        (0, "created", ""),
        (1, "updated", ""),
        (2, "refused", "bad_address"),
        (3, "refused", "repeated"),
        (4, "refused", "deleted"),
        (5, "refused", "invalid"),
        (6, "refused", "invalid"),
        (7, "refused", "invalid"),
    ]
    assert results[5]["errors"][0]["pointer"] == "/contacts/5/frist_name"
    with workspace(juniper):
        known = Contact.objects.get(email="known@example.com")
        assert (known.first_name, known.city) == ("Known", "Husum")
        assert [one.tag.slug for one in Contact.objects.get(email="new@example.com").contact_tags.all()] == ["vip"]
        assert Contact.objects.get(email="gone@example.com").is_deleted
        assert not ListMember.objects.exists()


def test_the_same_rows_again_change_nothing(shop, juniper):
    row = {"email": "m@example.com", "first_name": "Maren", "tags": ["VIP"]}
    assert bulk(shop, row).json()["results"][0]["state"] == "created"
    with workspace(juniper):
        before = Contact.objects.get().updated_at
    with clock.fixed(before + timedelta(hours=1)):
        assert bulk(shop, row).json()["results"][0]["state"] == "unchanged"
    with workspace(juniper):
        assert Contact.objects.get().updated_at == before
        assert EventRow.objects.filter(name="contacts.contact_created").count() == 1
    assert bulk(shop, row | {"tags": ["Guest"]}).json()["results"][0]["state"] == "updated"


def test_a_thousand_at_once_take_as_many_queries_as_ten(shop, juniper, django_assert_max_num_queries):
    rows = [{"email": f"p{number}@example.com", "first_name": "P", "tags": ["Import"]} for number in range(1000)]
    with django_assert_max_num_queries(60):
        answer = bulk(shop, *rows)
    assert {one["state"] for one in answer.json()["results"]} == {"created"}
    with workspace(juniper):
        assert Contact.objects.filter(first_name="P").count() == 1000
        assert EventRow.objects.filter(name="contacts.contact_created").count() == 1000


def test_more_than_a_thousand_or_none_are_refused(shop):
    assert bulk(shop).status_code == 422
    assert bulk(shop, *[{"email": "a@example.com"}] * 1001).status_code == 422


def test_a_batch_sent_twice_is_done_once(shop):
    first, second = (bulk(shop, {"email": "m@example.com"}, idempotency_key="night-1") for _twice in range(2))
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"


@pytest.fixture
def own_fields(juniper):
    kinds = {"Size": "number", "Born": "date", "Glazes": "choices", "Note": "text", "Member": "yes_no"}
    with workspace(juniper):
        for label, kind in kinds.items():
            fields.define(juniper, label=label, kind=kind, choices=["Ash", "Celadon"], at=AT)


GIVEN = {"size": 38.5, "born": "1990-02-28", "glazes": ["Celadon", "Ash"], "note": "wide", "member": True}


def test_own_fields_are_given_and_read_by_their_keys(shop, own_fields):
    made = shop.ask("post", "contacts", {"email": "maren@example.com", "fields": GIVEN}).json()
    assert {**made["fields"], "glazes": sorted(made["fields"]["glazes"], reverse=True)} == GIVEN
    changed = shop.ask("patch", f"contacts/{made['id']}", {"fields": {"size": 39, "note": "", "born": None}}).json()
    assert changed["fields"] == {"size": 39, "glazes": made["fields"]["glazes"], "member": True}


@pytest.mark.parametrize("wrong", [{"colour": "red"}, {"size": "large"}, {"glazes": ["Gold"]}, {"note": {"a": 1}}, []])
def test_an_own_field_that_there_is_not_or_does_not_fit_is_refused_where_it_stands(shop, juniper, own_fields, wrong):
    refused = shop.ask("post", "contacts", {"email": "maren@example.com", "fields": wrong})
    assert refused.status_code == 422
    place = f"/fields/{next(iter(wrong))}" if wrong else "/fields"
    assert refused.json()["errors"][0]["pointer"].startswith(place)
    with workspace(juniper):
        assert not Contact.objects.exists()


def test_in_a_batch_own_fields_and_phones_are_checked_row_by_row(shop, juniper, own_fields):
    told = bulk(
        shop,
        {"email": "a@example.com", "fields": {"size": 38}},
        {"email": "b@example.com", "fields": {"size": "large"}},
        {"email": "c@example.com", "phone": "ring me"},
        {"email": "d@example.com", "phone": "+49 351 4567890"},
    ).json()["results"]
    assert [one["state"] for one in told] == ["created", "refused", "refused", "created"]
    assert [told[1]["errors"][0]["pointer"], told[2]["errors"][0]["pointer"]] == [
        "/contacts/1/fields/size",
        "/contacts/2/phone",
    ]
    again = bulk(shop, {"email": "a@example.com", "fields": {"size": 39}}, {"email": "d@example.com"}).json()["results"]
    assert [one["state"] for one in again] == ["updated", "unchanged"]
    with workspace(juniper):
        assert Contact.objects.get(email="d@example.com").phone == "+493514567890"
        assert EventRow.objects.get(name="contacts.contact_changed").payload == {"changed": ["field:size"]}


def test_erasing_takes_the_address_once_more_and_answers_with_the_proof(shop, juniper):
    made = shop.ask("post", "contacts", {"email": "maren@example.com", "first_name": "Maren"}).json()
    path = f"contacts/{made['id']}/erasure"
    assert code(shop.ask("post", path, {"email": "nora@example.com"})) == "another_address"
    proof = shop.ask("post", path, {"email": "maren@example.com"})
    assert (proof.status_code, proof.json()["rows"]["contacts.contact"]) == (201, 1)
    assert {"label", "ground", "rows", "until"} == set(proof.json()["kept"][0])
    assert shop.ask("get", f"contacts/{made['id']}").status_code == 404


def test_a_tag_of_any_script_comes_off_by_its_slug(shop):
    made = shop.ask("post", "contacts", {"email": "maren@example.com", "tags": ["常連 さん", "VIP"]}).json()
    slug = next(one for one in made["tags"] if one != "vip")
    assert shop.ask("delete", f"contacts/{made['id']}/tags/{slug}").json()["tags"] == ["vip"]


def test_in_a_batch_a_phone_number_is_read_by_the_country_that_is_known(shop, juniper):
    with workspace(juniper):
        ContactFactory(email="a@example.com", country="DE")
    told = bulk(
        shop, {"email": "A@example.com", "phone": "0351 4567890"}, {"email": "b@example.com", "phone": "0351 4"}
    )
    assert [one["state"] for one in told.json()["results"]] == ["updated", "refused"]
    with workspace(juniper):
        assert Contact.objects.get(email="a@example.com").phone == "+493514567890"


def test_nobody_is_put_on_a_list_whose_address_is_blocked(shop, juniper):
    with workspace(juniper):
        contact, topic = ContactFactory(), ListFactory()
        suppression.add(contact, reason=suppression.Reason.UNSUBSCRIBED, at=AT)
    body = {"list": str(topic.id), "how": "basis", "wording": "Signed at the fair"}
    assert code(shop.ask("post", f"contacts/{contact.id}/lists", body)) == "blocked"
    assert state(juniper, contact.id) is None


def test_who_asks_never_to_be_written_to_is_off_every_list_and_blocked(shop, juniper):
    with workspace(juniper):
        member = ListMemberFactory()
    path = f"contacts/{member.contact_id}"
    before = shop.ask("get", path)
    assert before.json()["blocked"] == ""
    told = shop.ask("delete", f"{path}/lists").json()
    assert (told["blocked"], [one["state"] for one in told["lists"]]) == ("unsubscribed", ["unsubscribed"])
    with workspace(juniper):
        assert ConsentEntry.objects.get().source == "api"
    assert shop.ask("get", "contacts").json()["data"][0]["blocked"] == "unsubscribed"
    read = shop.ask("get", path)
    assert shop.ask("patch", path, {"city": "Kiel"}, if_match=before["ETag"]).status_code == 412
    assert shop.ask("patch", path, {"city": "Kiel"}, if_match=read["ETag"]).status_code == 200
