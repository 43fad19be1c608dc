"""Notes and tasks: written, taken back, on the timeline, and brought to mind once in the morning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plainsail.accounts.models import Membership, Role
from plainsail.contacts import queries
from plainsail.contacts.models import Note, Task
from plainsail.contacts.services import merging, notes, tasks
from plainsail.contacts.tests.factories import ContactFactory, NoteFactory, TaskFactory
from plainsail.kernel import due
from plainsail.kernel.models import Due

# Juniper keeps Berlin's time: seven in the morning there is five in UTC.
MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
MORNING = datetime(2026, 5, 4, 5, tzinfo=UTC)
MONDAY = date(2026, 5, 4)
CONTACTS = "/w/juniper/contacts/"


@pytest.fixture
def as_viewer(as_ben, ben, in_juniper):
    Membership.objects.filter(user=ben).update(role=Role.VIEWER)
    return as_ben


@pytest.fixture
def maren(in_juniper):
    return ContactFactory()


def timeline(contact) -> list[tuple[str, str]]:
    found = queries.timeline(contact, before=MAY + timedelta(days=90), limit=20, group="work")
    return [(one.title, one.text) for one in found.entries]


class TestNotes:
    def test_a_note_stands_on_the_timeline_as_it_reads_now(self, maren, ada):
        note = notes.write(maren, text="Wants blue.", author=ada, at=MAY)
        notes.change(note, text="Wants green.", at=MAY)
        assert timeline(maren) == [("Ada Brandt", "Wants green.")]
        notes.delete(note, at=MAY)
        assert timeline(maren) == []

    def test_a_change_and_a_deletion_are_taken_back(self, maren, ada):
        note = notes.write(maren, text="Wants blue.", author=ada, at=MAY)
        notes.change(note, text="Wants green.", at=MAY)
        notes.take_back(note, at=MAY)
        notes.delete(note, at=MAY)
        notes.take_back(note, at=MAY)
        note.refresh_from_db()
        assert (note.text, note.deleted_at) == ("Wants blue.", None)

    def test_notes_and_tasks_go_along_when_contacts_are_merged(self, maren):
        other = ContactFactory()
        NoteFactory(contact=other)
        TaskFactory(contact=other)
        merging.merge(maren, other, at=MAY)
        assert (Note.objects.get().contact_id, Task.objects.get().contact_id) == (maren.id, maren.id)

    @pytest.mark.parametrize("text", ["", "  ", "x" * 10_001, "a\0b"])
    def test_garbage_is_no_note(self, as_ada, maren, text):
        assert as_ada.post(f"{CONTACTS}{maren.id}/notes/", {"text": text}).status_code == 302
        assert not Note.objects.exists()

    def test_markup_in_a_note_is_only_text(self, as_ada, maren):
        as_ada.post(f"{CONTACTS}{maren.id}/notes/", {"text": "<script>alert(1)</script>"})
        page = as_ada.get(f"{CONTACTS}{maren.id}/").content
        assert (b"<script>alert" in page, b"&lt;script&gt;alert" in page) == (False, True)

    @pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/w/acme/", "/w/juniper/\\evil"])
    def test_the_way_back_never_leads_out(self, as_ada, maren, back):
        answer = as_ada.post(f"{CONTACTS}{maren.id}/notes/", {"text": "x", "back": back})
        assert answer["Location"] == f"{CONTACTS}{maren.id}/"


class TestTasks:
    def test_a_task_is_overdue_the_day_after_and_not_once_done(self, maren, ada):
        task = tasks.create(maren, what="Call", due_on=MONDAY, assignee=ada, author=ada, at=MAY)
        assert queries.load_of(maren.workspace, ada.pk, today=MONDAY) == queries.Load(1, 0)
        assert queries.load_of(maren.workspace, ada.pk, today=MONDAY + timedelta(days=1)) == queries.Load(1, 1)
        assert tasks.finish(task, by=ada, at=MORNING)
        assert not tasks.finish(task, by=ada, at=MORNING)
        assert queries.load_of(maren.workspace, ada.pk, today=MONDAY) == queries.Load(0, 0)
        assert timeline(maren) == [("Done: Call", "")]

    def test_my_tasks_show_mine_and_everybodys_on_request(self, as_ada, maren, ada, ben):
        TaskFactory(contact=maren, assignee=ada, what="Mine")
        TaskFactory(contact=maren, assignee=ben, what="Ben's")
        mine, everybodys = (as_ada.get(f"{CONTACTS}tasks/{asked}") for asked in ("", "?who=all"))
        assert [one.what for one in mine.context["tasks"]] == ["Mine"]
        assert {one.what for one in everybodys.context["tasks"]} == {"Mine", "Ben's"}

    def test_home_says_how_many_are_due(self, as_ada, maren, ada):
        TaskFactory(contact=maren, assignee=ada, due_on=date(2020, 1, 1))
        assert b"1 task of yours is due. 1 is overdue." in as_ada.get("/w/juniper/").content

    def test_a_task_is_ticked_off_and_the_tick_taken_back(self, as_ada, maren):
        task = TaskFactory(contact=maren)
        as_ada.post(f"{CONTACTS}tasks/{task.id}/completion/")
        task.refresh_from_db()
        assert task.done_by.email == "ada@example.com"
        as_ada.post(f"{CONTACTS}tasks/{task.id}/reopening/")
        task.refresh_from_db()
        assert task.done_at is None

    @pytest.mark.parametrize(
        "given", [{"what": ""}, {"what": "x" * 201}, {"what": "a", "due_on": "soon"}, {"what": "a", "assignee": "x"}]
    )
    def test_garbage_is_no_task(self, as_ada, maren, given):
        assert as_ada.post(f"{CONTACTS}{maren.id}/tasks/", {"assignee": ""} | given).status_code == 302
        assert not Task.objects.exists()

    def test_whoever_may_only_look_reads_and_changes_nothing(self, as_viewer, maren):
        note, task = NoteFactory(contact=maren), TaskFactory(contact=maren)
        page = as_viewer.get(f"{CONTACTS}{maren.id}/")
        assert (b"blue glaze" in page.content, b"Add the note" in page.content) == (True, False)
        for path in (
            f"{maren.id}/notes/",
            f"{maren.id}/tasks/",
            f"notes/{note.id}/deletion/",
            f"tasks/{task.id}/completion/",
        ):
            assert as_viewer.post(CONTACTS + path, {"text": "x", "what": "x"}).status_code == 403


class TestReminding:
    def test_in_the_morning_of_its_day_everybody_gets_one_mail(self, maren, ada, ben, mailoutbox):
        for what, person in (("Call", ada), ("Write", ada), ("Pack", ben)):
            tasks.create(maren, what=what, due_on=MONDAY, assignee=person, author=ada, at=MAY)
        assert Due.objects.get(kind=tasks.DUE).due_at == MORNING
        assert tasks.remind(at=MORNING - timedelta(minutes=1)) == MORNING
        assert mailoutbox == []
        assert tasks.remind(at=MORNING) is None
        assert sorted((one.to[0], one.subject) for one in mailoutbox) == [
            ("ada@example.com", "Juniper Pottery Studio: 2 tasks for today"),
            ("ben@example.com", "Juniper Pottery Studio: a task for today"),
        ]
        tasks.remind(at=MORNING + timedelta(minutes=1))
        assert len(mailoutbox) == 2

    def test_whoever_left_is_told_nothing(self, maren, ada, ben, mailoutbox):
        tasks.create(maren, what="Pack", due_on=MONDAY, assignee=ben, author=ada, at=MAY)
        Membership.objects.filter(user=ben).delete()
        tasks.remind(at=MORNING)
        assert mailoutbox == []

    def test_what_is_done_or_put_off_is_not_brought_to_mind(self, maren, ada, mailoutbox):
        done = tasks.create(maren, what="Call", due_on=MONDAY, assignee=ada, author=ada, at=MAY)
        tasks.finish(done, by=ada, at=MAY)
        later = tasks.create(maren, what="Write", due_on=MONDAY, assignee=ada, author=ada, at=MAY)
        tasks.change(later, what="Write", due_on=MONDAY + timedelta(days=1), assignee=ada, by=ada, at=MAY)
        assert tasks.remind(at=MORNING) == MORNING + timedelta(days=1)
        assert mailoutbox == []

    def test_a_task_for_today_from_somebody_else_is_told_at_once_and_ones_own_is_not(self, maren, ada, ben, mailoutbox):
        for person in (ada, ben):
            tasks.create(maren, what="Pack", due_on=MAY.date(), assignee=person, author=ada, at=MAY)
        tasks.remind(at=MAY)
        assert [one.to for one in mailoutbox] == [["ben@example.com"]]

    def test_the_work_is_known_to_the_timetable(self):
        assert due.KINDS["contacts.tasks_due"] is tasks.remind
