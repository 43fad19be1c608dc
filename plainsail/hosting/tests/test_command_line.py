"""`plainsail close`, `erase` and `export`, told what the pages are told."""

from __future__ import annotations

from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from plainsail.cli import closing as commands
from plainsail.cli.closing import CannotClose, NoSuchBusiness
from plainsail.cli.main import cli
from plainsail.commerce.tests.factories import NOON
from plainsail.hosting.models import Closure
from plainsail.hosting.tests.factories import operator
from plainsail.hosting.tests.test_erasing import data_dir
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.subscriptions.tests.factories import subscribed

__all__ = ["data_dir"]


def test_a_business_is_closed_and_opened_again(juniper, ada):
    assert "to be erased on 2026-12-23" in commands.close("juniper", customers="period_end", at=NOON)
    assert commands.reopen("juniper", at=NOON) == "juniper is open again."
    assert Workspace.objects.get(slug="juniper").state == "open"
    with pytest.raises(CannotClose):
        commands.reopen("juniper", at=NOON)


def test_what_stands_in_the_way_is_said(juniper, ada, outbox):
    subscribed(juniper)
    run_jobs()
    with pytest.raises(CannotClose):
        commands.erase("juniper", at=NOON)
    assert "1 contract with a customer of yours still runs." in commands.close(
        "juniper", customers="period_end", at=NOON
    )


def test_a_business_is_erased_and_then_unknown(juniper, ada, data_dir):
    assert commands.erase("juniper", at=NOON).startswith("Erased: ")
    with workspace(juniper):
        assert Closure.objects.get().state == "erased"
    with pytest.raises(NoSuchBusiness):
        commands.erase("juniper", at=NOON)


def test_the_operators_business_is_refused(db):
    with pytest.raises(CannotClose):
        commands.erase(operator().slug, at=NOON)


def test_everything_is_written_into_one_file(juniper, ada, tmp_path):
    said = commands.export("juniper", tmp_path / "all.zip", at=NOON)
    assert "SHA-256" in said
    assert ZipFile(tmp_path / "all.zip").testzip() is None


def test_erasing_asks_for_the_address_and_another_one_does_nothing(juniper):
    answer = CliRunner().invoke(cli, ["erase", "juniper"], input="jupiter\n")
    assert answer.exit_code == 1
    assert "Nothing was done" in answer.output
    assert Workspace.objects.get(slug="juniper").state == "open"
