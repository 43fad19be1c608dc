"""A share code hands on all that a funnel shows, pictures included, as it was; what becomes of it at the giver's changes nothing."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection

from plainsail.accounts.tests.factories import WorkspaceFactory
from plainsail.blocks.services.documents import new_block_id
from plainsail.files.models import File
from plainsail.files.services import library, storing
from plainsail.files.tests.factories import FileFactory
from plainsail.funnels import queries
from plainsail.funnels.models import Funnel, ShareCode
from plainsail.funnels.services import bundling, packing, sharing
from plainsail.funnels.tests.factories import started, steps
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Email
from plainsail.pages.models import Page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def funnel(juniper):
    """One with a picture of the business's own on a page and another in a mail."""
    with workspace(juniper):
        made = started(juniper)
        bowl, kiln = (library.describe(FileFactory(), name=name, alt=name, focus_x=20, focus_y=80) for name in NAMES)
        page, mail = steps(made)["form"].page, steps(made)["mail"].email
        _first_picture(page.draft)["file"] = str(bowl.id)
        page.save(update_fields=["draft"])
        image = {"picture": "", "file": str(kiln.id), "alt": ""}
        mail.document["blocks"].append({"id": new_block_id(), "type": "image", "v": 1, "props": {"image": image}})
        mail.save(update_fields=["document"])
        return made


NAMES = ("A blue bowl", "The kiln")


def _first_picture(draft):
    return next(block["props"]["image"] for block in draft["blocks"] if "image" in block["props"])


@pytest.fixture
def many(juniper, funnel):
    with workspace(juniper):
        return sharing.make_for_many(funnel, at=clock.now())


@pytest.fixture
def one(juniper, funnel):
    with workspace(juniper):
        return sharing.make_for_one(funnel, at=clock.now())


def redeem(acme, code, *, at=None):
    with workspace(acme):
        return sharing.redeem(acme, sharing.written(code), by=None, at=at or clock.now())


def below(folder, business):
    """Files of a business on disk, but for what its codes keep."""
    lying = folder / "businesses" / business.id.hex
    return {path for path in lying.rglob("*") if path.is_file() and "aside" not in path.parts}


def kept(folder, business):
    return [path.name for path in (folder / "businesses" / business.id.hex / "aside").glob("*")]


class TestPictures:
    def test_those_of_pages_and_mails_come_over_as_copies_of_the_takers_own(self, juniper, acme, many, folder):
        with workspace(juniper):
            theirs = set(File.objects.values_list("id", flat=True))
        made = redeem(acme, many)
        with workspace(acme):
            ours = {file.name: file for file in File.objects.all()}
            assert set(ours) == set(NAMES)
            assert not theirs & {file.id for file in ours.values()}
            assert {(file.alt, file.focus_x, file.focus_y) for file in ours.values()} == {(n, 20, 80) for n in NAMES}
            assert _first_picture(steps(made)["form"].page.draft)["file"] == str(ours["A blue bowl"].id)
            assert str(ours["The kiln"].id) in json.dumps(steps(made)["mail"].email.document)
            documents = json.dumps(
                [*Page.objects.values_list("draft", flat=True), *Email.objects.values_list("document")]
            )
            assert not any(str(key) in documents for key in theirs)
            assert queries.pictures_missing(made) == 0
            for file in ours.values():
                assert storing.original(file)
                assert library.card(file).url.startswith(f"/media/{acme.id.hex}/")

    def test_what_becomes_of_them_at_the_givers_changes_nothing(
        self, juniper, acme, many, folder, django_capture_on_commit_callbacks
    ):
        redeem(acme, many)
        before = below(folder, acme)
        with django_capture_on_commit_callbacks(execute=True), workspace(juniper):
            Funnel.objects.all().delete()
            Page.objects.all().delete()
            Email.objects.all().delete()
            for file in File.objects.all():
                library.delete(file)
        assert not below(folder, juniper)
        assert below(folder, acme) == before
        # Also for whoever comes now: the code hands on what was there.
        business = WorkspaceFactory(slug="late")
        made = redeem(business, many)
        with workspace(business):
            assert set(File.objects.values_list("name", flat=True)) == set(NAMES)
            assert queries.pictures_missing(made) == 0

    def test_what_the_taker_has_already_is_used_and_keeps_its_words(self, juniper, acme, many):
        redeem(acme, many)
        with workspace(acme):
            library.describe(File.objects.get(name="The kiln"), name="Ours", alt="Ours", focus_x=1, focus_y=1)
        redeem(acme, many, at=clock.now() + timedelta(minutes=1))
        with workspace(acme):
            assert Funnel.objects.count() == 2
            assert set(File.objects.values_list("name", flat=True)) == {"A blue bowl", "Ours"}

    def test_one_named_like_another_kind_of_file_is_a_picture_all_the_same(self, juniper, acme, funnel):
        with workspace(juniper):
            library.describe(File.objects.get(name="The kiln"), name="Kiln.pdf", alt="", focus_x=50, focus_y=50)
            code = sharing.make_for_many(funnel, at=clock.now())
        redeem(acme, code)
        with workspace(acme):
            assert File.objects.get(name="Kiln.pdf").is_picture

    def test_a_code_from_before_they_went_along_brings_the_rest_and_tells_how_many_are_missing(
        self, juniper, acme, many
    ):
        with workspace(juniper):
            before = packing.pack(Funnel.objects.get())
        ShareCode.objects.filter(id=many.id).update(package=before, stored=0)
        storing.remove_aside(juniper.id, many.id)
        made = redeem(acme, many)
        with workspace(acme):
            assert made.steps.count() == 9
            assert queries.pictures_missing(made) == 2


class TestRefusals:
    def nothing_was_made(self, acme, folder):
        with workspace(acme):
            assert not Funnel.objects.exists()
            assert not Page.objects.exists()
            assert not File.objects.exists()
        assert not below(folder, acme)

    @pytest.mark.parametrize(
        "typed", ["", "💥", "<script>alert(1)</script>", "0000-1111-llll-oooo", "a" * 16, "b" * 60]
    )
    def test_garbage_and_codes_of_other_installations_are_unknown(self, acme, many, folder, typed):
        with workspace(acme), pytest.raises(sharing.UnknownCode):
            sharing.redeem(acme, typed, by=None, at=clock.now())
        self.nothing_was_made(acme, folder)

    def test_a_picture_that_is_gone_before_the_code_is_made_is_named_and_no_code_is_made(self, juniper, funnel, folder):
        with workspace(juniper):
            storing.remove(File.objects.get(name="The kiln"))
            with pytest.raises(bundling.PictureLost, match="The kiln"):
                sharing.make_for_many(funnel, at=clock.now())
        assert not ShareCode.objects.exists()
        assert not kept(folder, juniper)

    def test_a_code_whose_file_is_gone_says_so_and_is_not_counted(self, juniper, acme, one, folder):
        storing.remove_aside(juniper.id, one.id)
        with pytest.raises(sharing.FileGone):
            redeem(acme, one)
        self.nothing_was_made(acme, folder)
        assert ShareCode.objects.get().redeemed == 0

    def test_a_file_that_was_spoiled_on_the_disk_makes_nothing_and_is_not_counted(self, juniper, acme, one, folder):
        path = folder / "businesses" / juniper.id.hex / "aside" / one.id.hex
        path.write_bytes(path.read_bytes()[:-200])
        with pytest.raises(packing.BadPackage):
            redeem(acme, one)
        self.nothing_was_made(acme, folder)
        assert ShareCode.objects.get().redeemed == 0

    def test_a_picture_too_few_in_the_file_is_said_and_leaves_nothing_on_the_disk(self, juniper, acme, funnel, folder):
        with workspace(juniper):
            found = bundling.read(bundling.bundle(funnel))
        first = found.package["pictures"][0]["file"]
        with workspace(acme), pytest.raises(bundling.PictureMissing):
            some = bundling.Bundle(found.package, {first: found.pictures[first]})
            bundling.unpack(acme, some, by=None, at=clock.now())
        self.nothing_was_made(acme, folder)

    @pytest.mark.parametrize("bound", ["MOST_BYTES", "MOST_PICTURES"])
    def test_more_than_could_be_taken_in_is_neither_a_code_nor_a_file(
        self, juniper, funnel, folder, monkeypatch, bound
    ):
        monkeypatch.setattr(bundling, bound, 1)
        with workspace(juniper):
            for hand_on in (bundling.bundle, lambda one: sharing.make_for_many(one, at=clock.now())):
                with pytest.raises(bundling.TooMuch):
                    hand_on(funnel)
        assert not kept(folder, juniper)

    def test_a_taker_without_room_is_told_so_and_the_code_still_works_later(
        self, juniper, acme, one, folder, monkeypatch
    ):
        with monkeypatch.context() as patch, workspace(acme):
            patch.setattr(library, "QUOTA", 10)
            with pytest.raises(packing.BadPackage, match="There is no room left"):
                sharing.redeem(acme, sharing.written(one), by=None, at=clock.now())
        self.nothing_was_made(acme, folder)
        assert redeem(acme, one)


class TestRoom:
    def test_what_codes_keep_counts_against_the_givers_room(self, juniper, acme, many, monkeypatch):
        with workspace(juniper):
            pictures = sum(File.objects.values_list("stored", flat=True))
            assert many.stored > 0
            assert library.used(juniper) == pictures + many.stored
            monkeypatch.setattr(library, "QUOTA", library.used(juniper) + 10)
            with pytest.raises(library.Full):
                sharing.make_for_many(Funnel.objects.get(), at=clock.now())
        with workspace(acme):
            assert library.used(acme) == 0

    def test_withdrawing_frees_it(self, juniper, many, folder, django_capture_on_commit_callbacks):
        assert kept(folder, juniper) == [many.id.hex]
        with django_capture_on_commit_callbacks(execute=True):
            sharing.withdraw(many, at=clock.now())
        assert kept(folder, juniper) == []
        assert sharing.stored(juniper) == 0

    def test_using_up_a_code_for_one_frees_it_and_using_one_for_many_does_not(
        self, juniper, acme, many, one, folder, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            redeem(acme, many)
            redeem(acme, one)
        assert kept(folder, juniper) == [many.id.hex]
        assert sharing.stored(juniper) == many.stored


class TestCodes:
    """Golden test G15: a code for one fails the second time, and one that was deleted errors."""

    def test_a_code_for_many_works_again_and_again_and_is_counted(self, acme, many):
        for _time in range(3):
            assert redeem(acme, many).name == "Small offer first"
        assert ShareCode.objects.get(id=many.id).redeemed == 3

    def test_a_code_for_one_fails_the_second_time(self, acme, one):
        redeem(acme, one)
        with pytest.raises(sharing.CodeUsed):
            redeem(acme, one)
        assert ShareCode.objects.get(id=one.id).redeemed == 1
        with workspace(acme):
            assert Funnel.objects.count() == 1

    def test_a_code_that_was_withdrawn_leads_nowhere(self, acme, many):
        sharing.withdraw(many, at=clock.now())
        with pytest.raises(sharing.UnknownCode):
            redeem(acme, many)

    def test_spelling_is_forgiven(self, acme, many):
        with workspace(acme):
            typed = f" {sharing.written(many).upper()} ".replace("-", " ")
            assert sharing.redeem(acme, typed, by=None, at=clock.now())

    def test_a_package_that_can_not_be_read_any_more_is_not_counted(self, acme, one):
        ShareCode.objects.filter(id=one.id).update(package={"kind": "old"})
        with pytest.raises(packing.BadPackage):
            redeem(acme, one)
        assert ShareCode.objects.get(id=one.id).redeemed == 0

    def test_one_or_three_are_listed_by_one_statement(self, juniper, funnel, many, django_assert_num_queries):
        with workspace(juniper):
            for made in (1, 3):
                with django_assert_num_queries(1):
                    assert len([sharing.written(code) for code in queries.codes_of(funnel)]) == made
                for _time in range(2):
                    sharing.make_for_one(funnel, at=clock.now())

    def test_those_of_a_deleted_funnel_can_still_be_found_unless_used_up(self, juniper, acme, many, one):
        redeem(acme, one)
        with workspace(juniper):
            assert list(queries.codes_of_deleted(juniper)) == []
            Funnel.objects.get().delete()
            assert list(queries.codes_of_deleted(juniper)) == [many]
        with workspace(acme):
            assert list(queries.codes_of_deleted(acme)) == []


@pytest.mark.django_db(transaction=True)
class TestTwoPressesAtTheSameMoment:
    def press_twice(self, taker, typed):
        """How many were told that the code was used."""
        start, refused = threading.Barrier(2), []

        def press(at):
            start.wait()
            try:
                with workspace(taker):
                    sharing.redeem(taker, typed, by=None, at=at)
            except sharing.CodeUsed:
                refused.append(at)
            connection.close()

        threads = [threading.Thread(target=press, args=(clock.now() + timedelta(seconds=n),)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(refused)

    def test_with_a_code_for_one_make_one_funnel(self, acme, one, folder):
        assert self.press_twice(acme, sharing.written(one)) == 1
        with workspace(acme):
            assert (Funnel.objects.count(), File.objects.count()) == (1, 2)
        assert ShareCode.objects.get().redeemed == 1

    def test_with_a_code_for_many_make_two_that_share_their_pictures(self, acme, many, folder):
        assert self.press_twice(acme, sharing.written(many)) == 0
        with workspace(acme):
            assert (Funnel.objects.count(), File.objects.count()) == (2, 2)
        assert ShareCode.objects.get().redeemed == 2
