"""What lands is taken in once, sorted, and never lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from plainsail.contacts.services import contacts, counting
from plainsail.contacts.tests.factories import ScoreRuleFactory
from plainsail.kernel import environment
from plainsail.kernel.ids import new_id
from plainsail.kernel.landing import COLUMNS
from plainsail.kernel.models import EventRow
from plainsail.kernel.tenancy import workspace
from plainsail.tracking import queries, sockets
from plainsail.tracking.models import Hit, Landing, ParkedLanding, ViewBundle, Visitor
from plainsail.tracking.services import agents, landing, networks, visitors

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
PERSON = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"


def land(workspace, kind="visit", **values) -> Landing:
    defaults = {"host": "juniper.localhost", "path": "/", "url": "", "referrer": "", "user_agent": PERSON, "at": MAY}
    return Landing.objects.create(id=new_id(), workspace_id=workspace.id, kind=kind, **defaults | values)


@pytest.fixture
def maren(in_juniper):
    return contacts.find_or_create(email="maren@example.com", source="test", at=MAY)


def test_a_visit_is_taken_in_once(juniper):
    row = land(juniper, path="/course")
    landing.drain.function()
    landing.drain.function()
    with workspace(juniper):
        assert [(hit.id, hit.kind, hit.path, hit.agent) for hit in Hit.objects.all()] == [
            (row.id, "visit", "/course", "human")
        ]
    assert Landing.objects.count() == 0


def line_of(business, **values) -> str:
    """A line as the edge writes it."""
    facts = {"kind": "visit", "host": "juniper.localhost", "path": "/", "url": "", "referrer": "", "user_agent": PERSON}
    facts |= {"id": str(new_id()), "at": MAY.isoformat(), "workspace_id": str(business.id), "payload": "{}"} | values
    return "\t".join(facts.get(name, "\\N") for name in COLUMNS) + "\n"


def test_views_that_landed_together_are_taken_in_each_once(juniper, acme):
    bundled = line_of(juniper, path="/course") + line_of(acme) + line_of(acme, path="/line\u2028break")
    ViewBundle.objects.create(lines=bundled)
    ViewBundle.objects.create(lines=line_of(juniper))
    landing.drain.function()
    landing.drain.function()
    assert not ViewBundle.objects.exists()
    assert not Landing.objects.exists()
    for business, paths in ((juniper, ["/", "/course"]), (acme, ["/", "/line\u2028break"])):
        with workspace(business):
            assert sorted(Hit.objects.values_list("path", flat=True)) == paths


def test_a_view_that_cant_be_stored_takes_no_neighbour_along(juniper):
    bad = [line_of(juniper, at="some day"), "too\tfew\n", line_of(juniper, workspace_id="nobody")]
    good = [line_of(juniper) for _ in range(5)]
    ViewBundle.objects.create(lines="".join([*good[:2], *bad, *good[2:]]))
    landing.drain.function()
    with workspace(juniper):
        assert Hit.objects.count() == 5


def test_a_bundle_that_the_edge_sent_again_lands_once_and_alarms_nobody(juniper, caplog):
    lines = [line_of(juniper) for _ in range(4)]
    for bundled in (lines[:3], lines[:3], lines[2:]):
        ViewBundle.objects.create(lines="".join(bundled))
    while landing.unpack():
        pass
    assert Landing.objects.count() == 4
    assert [record for record in caplog.records if record.name == "plainsail.tracking"] == []


def test_a_bundle_whose_unpacking_breaks_off_stays(juniper, monkeypatch):
    ViewBundle.objects.create(lines=line_of(juniper))

    def die(lines):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(landing, "_land", die)
        landing.unpack()
    assert ViewBundle.objects.count() == 1
    assert (landing.unpack(), landing.unpack()) == (True, False)
    assert Landing.objects.count() == 1


def test_each_business_gets_its_own_rows(juniper, acme):
    land(juniper)
    land(acme)
    land(acme)
    landing.drain.function()
    with workspace(juniper):
        assert Hit.objects.count() == 1
    with workspace(acme):
        assert Hit.objects.count() == 2


def test_a_row_for_any_month_finds_its_partition(juniper):
    for year in (2019, 2026, 2031):
        land(juniper, at=datetime(year, 2, 28, 23, 59, tzinfo=UTC))
    landing.drain.function()
    with workspace(juniper):
        assert sorted(hit.at.year for hit in Hit.objects.all()) == [2019, 2026, 2031]


def test_rows_of_a_business_that_is_gone_are_dropped(juniper):
    Landing.objects.create(
        id=new_id(), workspace_id=new_id(), kind="visit", host="", path="", url="", referrer="", user_agent="", at=MAY
    )
    land(juniper)
    landing.drain.function()
    assert Landing.objects.count() == 0


def test_a_row_that_fails_is_parked_and_blocks_nobody(juniper, monkeypatch):
    monkeypatch.setattr(sockets.LANDING, "_entries", {"form": lambda row: 1 / 0})
    poison = land(juniper, kind="form", payload={"values": {"email": "x"}})
    stray = land(juniper, kind="nonsense")
    land(juniper)
    landing.drain.function()
    with workspace(juniper):
        parked = {row.row["id"]: row.error for row in ParkedLanding.objects.all()}
        assert set(parked) == {str(poison.id), str(stray.id)}
        assert "ZeroDivisionError" in parked[str(poison.id)]
        assert Hit.objects.count() == 1


def test_a_batch_that_is_sent_again_changes_nothing(juniper):
    row = land(juniper)
    landing.drain.function()
    row.save(force_insert=True)
    landing.drain.function()
    with workspace(juniper):
        assert Hit.objects.count() == 1


def test_a_row_from_a_clock_gone_mad_is_parked(juniper):
    land(juniper, at=datetime(1970, 1, 1, tzinfo=UTC))
    land(juniper)
    landing.drain.function()
    with workspace(juniper):
        assert (ParkedLanding.objects.count(), Hit.objects.count()) == (1, 1)


def test_a_handler_gets_its_row_in_its_workspace(juniper, monkeypatch):
    seen = []
    monkeypatch.setattr(sockets.LANDING, "_entries", {"form": seen.append})
    row = land(juniper, kind="form", payload={"values": {"email": "maren@example.com"}})
    landing.drain.function()
    assert [(one.id, one.payload) for one in seen] == [(row.id, row.payload)]


def test_a_browser_that_becomes_known_brings_its_earlier_visits(juniper, maren):
    browser = new_id()
    land(juniper, visitor_id=browser, path="/course")
    landing.record([Landing.objects.get()], at=MAY)
    visitors.link(browser, maren.id, at=MAY)
    assert [entry.title for entry in queries.timeline(maren, MAY + timedelta(days=1), 10, None)] == ["Visited /course"]


def test_a_person_who_follows_a_link_in_a_mail_is_its_contact(juniper, maren):
    browser = new_id()
    row = land(
        juniper, kind="click", visitor_id=browser, contact_id=maren.id, delivery_id=new_id(), url="https://example.com/"
    )
    landing.record([row], at=MAY)
    assert Visitor.objects.get().contact_id == maren.id


def test_a_scanner_makes_nobody_known(juniper, maren):
    row = land(
        juniper,
        kind="click",
        visitor_id=new_id(),
        contact_id=maren.id,
        delivery_id=new_id(),
        user_agent="Barracuda Sentinel",
    )
    landing.record([row], at=MAY)
    assert Visitor.objects.count() == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("human", "")),
        ({"payload": {"method": "HEAD"}}, ("scanner", "head")),
        ({"user_agent": ""}, ("unknown", "no_user_agent")),
        ({"user_agent": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"}, ("proxy", "known_proxy")),
        ({"user_agent": "curl/8.0"}, ("scanner", "known_program")),
        ({"payload": {"purpose": "prefetch"}}, ("proxy", "prefetch")),
        ({"kind": "open", "user_agent": "Mozilla/5.0"}, ("proxy", "mail_privacy")),
        ({"url": "https://juniper.example/?not-for-people"}, ("scanner", "hidden_link")),
        ({"delivery_id": new_id(), "ip": "52.101.7.0"}, ("scanner", "network_microsoft")),
        ({"delivery_id": new_id(), "ip": "17.58.0.0"}, ("proxy", "network_apple")),
        ({"delivery_id": new_id(), "ip": "2620:149:1::"}, ("proxy", "network_apple")),
        ({"delivery_id": new_id(), "ip": "198.51.100.0"}, ("human", "")),
        ({"delivery_id": None, "ip": "52.101.7.0"}, ("human", "")),
    ],
)
def test_every_hit_has_a_class_and_a_reason(values, expected):
    row = Landing(**{"kind": "click", "user_agent": PERSON, "payload": {}, "url": ""} | values)
    assert agents.classify(row) == expected


def test_many_links_of_one_mail_at_once_are_followed_by_a_program(juniper):
    delivery = new_id()
    burst = [land(juniper, kind="click", delivery_id=delivery, url=f"https://example.com/{n}") for n in range(5)]
    calm = [land(juniper, kind="click", delivery_id=new_id(), url="https://example.com/1")]
    assert agents.in_a_rush([*burst, *calm]) == {row.id for row in burst}


def test_a_burst_is_seen_across_batches(juniper, in_juniper):
    delivery = new_id()
    rows = [land(juniper, kind="click", delivery_id=delivery, url=f"https://example.com/{n}") for n in range(6)]
    landing.record(rows[:4], at=MAY)
    hits = landing.record(rows[4:], at=MAY)
    assert [(hit.agent, hit.reason) for hit in hits] == [("scanner", "many_links_at_once")] * 2


def test_who_follows_the_hidden_link_followed_the_others(juniper, in_juniper):
    delivery = new_id()
    hidden = land(juniper, kind="click", delivery_id=delivery, url=f"https://juniper.example/?{agents.HIDDEN}")
    beside = land(juniper, kind="click", delivery_id=delivery, url="https://juniper.example/course")
    later = land(
        juniper, kind="click", delivery_id=delivery, url="https://juniper.example/", at=MAY + timedelta(hours=1)
    )
    hits = landing.record([hidden, beside, later], at=MAY)
    assert [hit.reason for hit in hits] == ["hidden_link", "beside_hidden_link", ""]


def test_nobody_reads_what_was_not_delivered(juniper, in_juniper):
    early, late = new_id(), new_id()
    rows = [land(juniper, kind="open", delivery_id=each) for each in (early, late)]
    around = agents.Around(accepted={early: MAY + timedelta(seconds=1), late: MAY - timedelta(seconds=1)})
    assert [agents.classify(row, around)[1] for row in rows] == ["before_delivery", ""]


def test_an_operator_may_bring_a_list_of_networks(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAINSAIL_DATA", str(tmp_path))
    for written, expected in (('{"scanner": {"acme": ["198.51.100.0/24"]}}', "acme"), ("nonsense", None)):
        (tmp_path / "networks.json").write_text(written)
        environment.current.cache_clear()
        networks.forget()
        found = networks.find("198.51.100.7")
        assert (found and found.owner) == expected
    assert networks.find("not an address") is None
    monkeypatch.undo()
    environment.current.cache_clear()
    networks.forget()


def test_counts_are_of_people_only(juniper):
    with workspace(juniper):
        land(juniper, at=MAY)
        land(juniper, at=MAY, user_agent="Googlebot")
        land(juniper, at=MAY + timedelta(days=1))
        landing.record(list(Landing.objects.all()), at=MAY)
        assert queries.count_hits(kind="visit", start=MAY, end=MAY + timedelta(hours=1)) == 1
        assert queries.per_day(kind="visit", start=MAY, end=MAY + timedelta(days=2), zone="Europe/Berlin") == {
            "2026-05-01": 1,
            "2026-05-02": 1,
        }


def test_a_click_is_told_only_where_somebody_listens(juniper, monkeypatch):
    from plainsail.kernel.models import EventRow

    with workspace(juniper):
        with monkeypatch.context() as nobody:
            nobody.setattr(landing, "listeners", lambda name: [])
            landing.record([land(juniper, kind="click", delivery_id=new_id(), contact_id=new_id())], at=MAY)
        assert EventRow.objects.count() == 0
        landing.record([land(juniper, kind="click", delivery_id=new_id(), contact_id=new_id())], at=MAY)
        assert EventRow.objects.get().name == "tracking.link_clicked"


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "name"), [("visit", "tracking.page_visited"), ("open", "tracking.mail_opened")])
def test_visits_and_opens_are_told_only_while_somebody_wants_them(juniper, monkeypatch, kind, name):
    from plainsail.kernel.models import EventRow

    def land_one():
        landing.record([land(juniper, kind=kind, delivery_id=new_id(), contact_id=new_id())], at=MAY)
        return list(EventRow.objects.values_list("name", flat=True))

    with workspace(juniper):
        assert land_one() == []
        monkeypatch.setitem(landing.WANTED._entries, "test", lambda event: event.name == name)
        assert land_one() == [name]


@pytest.mark.django_db(transaction=True)
def test_two_drains_at_once_take_each_row_once():
    import threading

    from plainsail.accounts.tests.factories import WorkspaceFactory

    here = WorkspaceFactory()
    ids = {land(here).id for _ in range(300)}

    def work() -> None:
        landing.drain.function()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with workspace(here):
        taken = list(Hit.objects.values_list("id", flat=True))
    assert (len(taken), set(taken)) == (300, ids)


class TestPointsForVisits:
    def visit(self, juniper, maren, path, **values):
        return land(juniper, path=path, contact_id=maren.id, **values)

    def test_a_visit_gives_points_once_within_the_rule_s_days(self, juniper, maren):
        with workspace(juniper):
            ScoreRuleFactory(
                event="tracking.page_visited", field="path", value="/course", points=5, at_most=1, span_days=7
            )
        for path, at in (("/course/dates", MAY), ("/course", MAY), ("/", MAY), ("/course", MAY + timedelta(days=8))):
            self.visit(juniper, maren, path, at=at)
        self.visit(juniper, maren, "/course", user_agent="curl/8", at=MAY + timedelta(days=20))
        landing.drain.function()
        with workspace(juniper):
            counting.count(at=MAY + timedelta(days=9))
            maren.refresh_from_db()
            assert maren.score == 10

    def test_a_visit_that_lands_again_is_told_once(self, juniper, maren):
        with workspace(juniper):
            ScoreRuleFactory(event="tracking.page_visited", points=5)
        row = self.visit(juniper, maren, "/course")
        landing.drain.function()
        Landing.objects.create(**{field.name: getattr(row, field.name) for field in Landing._meta.fields})
        landing.drain.function()
        with workspace(juniper):
            assert EventRow.objects.filter(name="tracking.page_visited").count() == 1

    def test_nothing_is_told_while_no_rule_asks(self, juniper, maren):
        self.visit(juniper, maren, "/course")
        landing.drain.function()
        with workspace(juniper):
            assert not EventRow.objects.filter(name="tracking.page_visited").exists()


@pytest.mark.django_db(transaction=True)
def test_a_month_that_several_make_at_once_is_made_once():
    import threading

    failed: list[DatabaseError] = []
    gate = threading.Barrier(4)

    def make(year: int) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # Looked for and not found before: that must not be what the one who waited goes by.
                cursor.execute("SELECT to_regclass(%s)", [f"tracking_hit_{year}_03"])
                gate.wait(timeout=10)
                cursor.execute("SELECT tracking_make_month(make_date(%s, 3, 1))", [year])
        except DatabaseError as error:
            failed.append(error)
        finally:
            connection.close()

    for year in range(2050, 2055):
        threads = [threading.Thread(target=make, args=[year]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
