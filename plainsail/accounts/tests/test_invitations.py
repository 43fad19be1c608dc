"""Invitations: one link for one address, for seven days, once."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from plainsail.accounts.models import Invitation, Membership, Role, User
from plainsail.accounts.services import invitations
from plainsail.accounts.services.invitations import (
    AlreadyMember,
    InvitationOver,
    NotForYou,
    TooManyInvitations,
)
from plainsail.accounts.services.members import RoleOutOfReach
from plainsail.accounts.tests.factories import InvitationFactory, MembershipFactory, UserFactory
from plainsail.kernel import clock, crypto

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_limits_left_over():
    cache.clear()


@pytest.fixture
def owner(ada):
    return ada.memberships.get()


def asked(juniper, owner, email="guest@example.com", role=Role.EDITOR, at=None):
    return invitations.invite(juniper, email=email, role=role, by=owner, at=at or clock.now())


def path_of(invitation):
    return f"/invitations/{invitations.token(invitation)}/"


def signed_in(user):
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return client


def test_an_invitation_goes_out_by_mail_with_its_link(juniper, owner, in_juniper, mailoutbox):
    made = asked(juniper, owner, email="  Guest@Example.com ")
    mail = mailoutbox[0]
    assert (mail.to, mail.reply_to) == (["guest@example.com"], ["ada@example.com"])
    assert mail.subject == "Ada Brandt invites you to Juniper Pottery Studio"
    assert f"http://localhost:8000{path_of(made)}" in mail.body
    assert "Ada Brandt (ada@example.com)" in mail.body
    assert in_juniper.events.get().name == "accounts.member_invited"
    assert made.expires_at - made.created_at == timedelta(days=7)


def test_a_new_person_joins_by_the_link(juniper, owner, in_workspace, mailoutbox):
    with in_workspace(juniper):
        made = asked(juniper, owner, role=Role.ADMIN)
    guest = Client(headers={"host": "localhost"})
    page = guest.get(path_of(made)).content.decode()
    signup = re.search(r'href="(/accounts/signup/[^"]+)"', page).group(1).replace("&amp;", "&")
    form = guest.get(signup).content.decode()
    assert 'value="guest@example.com"' in form
    answer = guest.post(
        signup.split("?")[0],
        {"name": "Guest", "email": "guest@example.com", "password1": "seven sailors sing", "next": path_of(made)},
    )
    assert answer["Location"] == path_of(made)
    assert "Join Juniper" in guest.get(path_of(made)).content.decode()
    assert guest.post(path_of(made) + "acceptance/")["Location"] == "/w/juniper/"
    joined = Membership.objects.get(user__email="guest@example.com")
    assert (joined.workspace, joined.role) == (juniper, "admin")
    assert EmailAddress.objects.get(user=joined.user).verified
    assert guest.get("/w/juniper/settings/people/").status_code == 200


def test_looking_at_an_invitation_changes_nothing(juniper, owner, in_workspace):
    with in_workspace(juniper):
        made = asked(juniper, owner)
    client = signed_in(UserFactory(email="guest@example.com"))
    for _look in range(2):
        assert client.get(path_of(made)).status_code == 200
        assert client.head(path_of(made)).status_code == 200
    assert client.get(path_of(made) + "acceptance/").status_code == 405
    assert not Membership.objects.filter(user__email="guest@example.com").exists()


def test_a_link_works_once(juniper, owner, in_workspace):
    with in_workspace(juniper):
        made = asked(juniper, owner)
    guest = UserFactory(email="guest@example.com")
    client = signed_in(guest)
    client.post(path_of(made) + "acceptance/")
    assert client.post(path_of(made) + "acceptance/")["Location"] == "/w/juniper/"
    Membership.objects.get(user=guest).delete()
    again = client.post(path_of(made) + "acceptance/")
    assert again.status_code == 410
    assert "was used" in client.get(path_of(made)).content.decode()
    assert not Membership.objects.filter(user=guest).exists()


def test_the_wrong_person_is_not_let_in(juniper, owner, cleo, in_workspace):
    with in_workspace(juniper):
        made = asked(juniper, owner)
    client = signed_in(cleo)
    assert "you are signed in as cleo@example.com" in client.get(path_of(made)).content.decode()
    assert client.post(path_of(made) + "acceptance/").status_code == 403
    assert client.get("/w/juniper/settings/people/").status_code == 404
    with in_workspace(juniper), pytest.raises(NotForYou):
        invitations.accept(made, user=cleo, at=clock.now())


def test_an_address_that_was_only_claimed_does_not_count(juniper, owner, cleo, in_workspace):
    EmailAddress.objects.create(user=cleo, email="guest@example.com", verified=False)
    with in_workspace(juniper):
        made = asked(juniper, owner)
    assert signed_in(cleo).post(path_of(made) + "acceptance/").status_code == 403
    EmailAddress.objects.filter(email="guest@example.com").update(verified=True)
    assert signed_in(cleo).post(path_of(made) + "acceptance/")["Location"] == "/w/juniper/"


def test_an_invitation_runs_out(juniper, owner, in_workspace):
    at = clock.now()
    with in_workspace(juniper):
        made = asked(juniper, owner, at=at)
    guest = UserFactory(email="guest@example.com")
    client = signed_in(guest)
    with clock.fixed(at + timedelta(days=7)):
        assert client.get(path_of(made)).status_code == 410
        assert client.post(path_of(made) + "acceptance/").status_code == 410
    assert not Membership.objects.filter(user=guest).exists()


def test_an_invitation_can_be_taken_back(juniper, owner, ada, in_workspace):
    with in_workspace(juniper):
        made = asked(juniper, owner)
        invitations.revoke(made, by=ada, at=clock.now())
        with pytest.raises(InvitationOver):
            invitations.revoke(made, by=ada, at=clock.now())
    client = signed_in(UserFactory(email="guest@example.com"))
    assert "taken back" in client.get(path_of(made)).content.decode()
    assert client.post(path_of(made) + "acceptance/").status_code == 410


def test_asking_again_ends_the_first_link(juniper, owner, in_juniper):
    first, second = asked(juniper, owner), asked(juniper, owner)
    assert list(juniper.invitations.open()) == [second]
    guest = UserFactory(email="guest@example.com")
    with pytest.raises(InvitationOver):
        invitations.accept(first, user=guest, at=clock.now())
    invitations.accept(second, user=guest, at=clock.now())


def test_forged_links_lead_nowhere(juniper, owner, acme, in_workspace):
    with in_workspace(juniper):
        made = asked(juniper, owner)
    token = invitations.token(made)
    swapped = crypto.sign(invitations.PURPOSE, acme.pk.bytes + made.pk.bytes)
    other_purpose = crypto.sign("portal.sign_in", made.workspace_id.bytes + made.pk.bytes)
    short = crypto.sign(invitations.PURPOSE, b"short")
    nobody = crypto.sign(invitations.PURPOSE, uuid4().bytes + uuid4().bytes)
    client = signed_in(UserFactory(email="guest@example.com"))
    forged = [
        token[:-2] + "xx",
        "a" + token[1:],
        token + "A",
        swapped,
        other_purpose,
        short,
        nobody,
        "x",
        "é",
        "a" * 5000,
    ]
    for value in forged:
        assert client.get(f"/invitations/{value}/").status_code == 404, value
        assert client.post(f"/invitations/{value}/acceptance/").status_code == 404, value
    assert Invitation._base_manager.model is Invitation


def test_nobody_invites_above_their_own_role(juniper, ada, in_juniper):
    admin = MembershipFactory(workspace=juniper, role=Role.ADMIN)
    with pytest.raises(RoleOutOfReach):
        invitations.invite(juniper, email="x@example.com", role=Role.OWNER, by=admin, at=clock.now())
    editor = MembershipFactory(workspace=juniper, role=Role.EDITOR)
    with pytest.raises(RoleOutOfReach):
        invitations.invite(juniper, email="x@example.com", role=Role.VIEWER, by=editor, at=clock.now())


def test_a_member_is_not_invited(juniper, owner, ben, in_juniper):
    with pytest.raises(AlreadyMember):
        asked(juniper, owner, email="BEN@example.com")


def test_a_member_keeps_the_role_when_invited_to_a_second_address(juniper, owner, ben, in_juniper):
    EmailAddress.objects.create(user=ben, email="ben@home.example", verified=True)
    made = asked(juniper, owner, email="ben@home.example", role=Role.VIEWER)
    assert invitations.accept(made, user=ben, at=clock.now()).role == "editor"


def test_invitations_are_slowed_down(juniper, owner, in_juniper):
    at = clock.now()
    for number in range(invitations.PER_HOUR):
        InvitationFactory(created_at=at, email=f"many-{number}@example.com")
    with pytest.raises(TooManyInvitations):
        asked(juniper, owner, at=at)
    asked(juniper, owner, at=at + timedelta(hours=2))


def test_one_address_is_not_pestered(juniper, owner, in_juniper, mailoutbox):
    at = clock.now()
    for _time in range(3):
        asked(juniper, owner, at=at)
    with pytest.raises(TooManyInvitations):
        asked(juniper, owner, at=at + timedelta(hours=3))
    assert len(mailoutbox) == 3


def test_a_confirmed_address_of_somebody_else_is_not_taken_over(juniper, owner, in_juniper):
    holder = UserFactory(email="holder@example.com")
    EmailAddress.objects.create(user=holder, email="guest@example.com", verified=True)
    made = asked(juniper, owner)
    guest = UserFactory(email="guest@example.com", is_confirmed=False)
    invitations.accept(made, user=guest, at=clock.now())
    assert not EmailAddress.objects.get(user=guest, email="guest@example.com").verified
    assert not User.objects.get(pk=guest.pk).is_confirmed
