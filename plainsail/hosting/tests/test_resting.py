"""In a closed business work waits: what was queued, what is told, who would join; and none of it multiplies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from plainsail.accounts.models import Membership, Role
from plainsail.accounts.services import invitations
from plainsail.accounts.services.invitations import InvitationOver
from plainsail.accounts.tests.factories import UserFactory
from plainsail.commerce.tests.factories import NOON
from plainsail.hosting.services import closing
from plainsail.hosting.tests.test_closing import close
from plainsail.kernel import tenancy
from plainsail.kernel.jobs import JOBS
from plainsail.kernel.tenancy import for_each_workspace, workspace
from plainsail.kernel.testing import run_jobs
from plainsail.tracking.models import Hit, Landing

SEND = "mail.send"


def waiting(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND task_name = %s", [name])
        return int(cursor.fetchone()[0])


def test_a_job_waits_and_the_same_one_only_once(juniper):
    close(juniper)
    call = {"source_id": {"$id": str(juniper.pk)}}
    for _time in range(3):
        JOBS[SEND].perform(call, str(juniper.pk))
    assert waiting(SEND) == 1


def test_what_waited_is_done_once_it_is_open_again(juniper, outbox):
    close(juniper)
    JOBS[SEND].perform({"source_id": {"$id": str(juniper.pk)}}, str(juniper.pk))
    closing.reopen(juniper, by=None, at=NOON)
    run_jobs(at=NOON + timedelta(hours=2))
    assert waiting(SEND) == 0


def test_upkeep_of_every_business_passes_it_by(juniper, acme):
    close(juniper)
    seen = []
    for_each_workspace(lambda: seen.append(tenancy.current_workspace_id()), reason="a test")
    assert seen == [acme.pk]


def test_what_lands_waits_until_it_is_open_again(juniper):
    close(juniper)
    Landing.objects.create(workspace_id=juniper.pk, kind="visit", at=NOON, path="/", user_agent="Firefox")
    JOBS["tracking.drain"].perform({}, None)
    assert Landing.objects.count() == 1
    closing.reopen(juniper, by=None, at=NOON)
    JOBS["tracking.drain"].perform({}, None)
    assert Landing.objects.count() == 0
    with workspace(juniper):
        assert Hit.objects.count() == 1


def test_nobody_joins(juniper, ada):
    with workspace(juniper):
        owner = Membership.objects.get(workspace=juniper, user=ada)
        asked = invitations.invite(juniper, email="eve@example.com", role=Role.VIEWER, by=owner, at=NOON)
    close(juniper)
    with workspace(juniper), pytest.raises(InvitationOver):
        invitations.accept(asked, user=UserFactory(email="eve@example.com"), at=NOON)
