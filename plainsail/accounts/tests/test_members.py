"""Roles and belonging: nobody rises above their own role, and no business loses its last owner."""

import threading

import pytest
from django.db import connection

from plainsail.accounts.models import Membership, Role
from plainsail.accounts.services import members
from plainsail.accounts.services.members import LastOwner, NotAMember, RoleOutOfReach
from plainsail.accounts.tests.factories import InvitationFactory, MembershipFactory, WorkspaceFactory
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(juniper, ada, ben):
    """Ada owns, Ben edits, Dora manages, Eve looks on."""
    for name, role in (("dora", Role.ADMIN), ("eve", Role.VIEWER)):
        MembershipFactory(workspace=juniper, user__email=f"{name}@example.com", user__name=name.title(), role=role)
    return {found.user.email.split("@")[0]: found for found in juniper.memberships.select_related("user")}


def role_of(membership):
    return Membership.objects.get(pk=membership.pk).role


def test_an_owner_gives_any_role(team, in_juniper):
    for role in (Role.ADMIN, Role.OWNER, Role.VIEWER):
        members.change_role(team["ben"], role=role, by=team["ada"], at=clock.now())
        assert role_of(team["ben"]) == role
    assert in_juniper.events.filter(name="accounts.member_role_changed").count() == 3
    entry = in_juniper.audit_entries.order_by("-id").first()
    assert (entry.person, entry.subject, entry.details) == (
        team["ada"].user,
        "Ben Okafor",
        {"before": "owner", "after": "viewer"},
    )


def test_an_admin_neither_makes_nor_unmakes_an_owner(team, in_juniper):
    for member, role in (("ben", Role.OWNER), ("dora", Role.OWNER), ("ada", Role.VIEWER)):
        with pytest.raises(RoleOutOfReach):
            members.change_role(team[member], role=role, by=team["dora"], at=clock.now())
    with pytest.raises(RoleOutOfReach):
        members.remove(team["ada"], by=team["dora"], at=clock.now())
    members.change_role(team["ben"], role=Role.ADMIN, by=team["dora"], at=clock.now())
    assert {name: role_of(member) for name, member in team.items()} == {
        "ada": "owner",
        "ben": "admin",
        "dora": "admin",
        "eve": "viewer",
    }


@pytest.mark.parametrize("who", ["ben", "eve"])
def test_whoever_may_not_manage_gives_no_role(team, in_juniper, who):
    for role in Role:
        with pytest.raises(RoleOutOfReach):
            members.change_role(team["eve"], role=role, by=team[who], at=clock.now())
    with pytest.raises(RoleOutOfReach):
        members.remove(team["dora"], by=team[who], at=clock.now())


def test_the_last_owner_stays(team, in_juniper):
    with pytest.raises(LastOwner):
        members.leave(team["ada"], at=clock.now())
    with pytest.raises(LastOwner):
        members.remove(team["ada"], by=team["ada"], at=clock.now())
    with pytest.raises(LastOwner):
        members.change_role(team["ada"], role=Role.ADMIN, by=team["ada"], at=clock.now())
    members.change_role(team["ben"], role=Role.OWNER, by=team["ada"], at=clock.now())
    members.leave(team["ada"], at=clock.now())
    assert not Membership.objects.filter(pk=team["ada"].pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_do_not_both_go():
    business = WorkspaceFactory()
    owners, start, refused = [MembershipFactory(workspace=business) for _owner in range(2)], threading.Barrier(2), []

    def go(owner):
        start.wait()
        try:
            with workspace(business):
                members.leave(owner, at=clock.now())
        except LastOwner:
            refused.append(owner)
        connection.close()

    threads = [threading.Thread(target=go, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert business.memberships.count() == 1


def test_who_goes_takes_the_invitations_along_that_they_sent(team, in_juniper):
    sent = InvitationFactory(invited_by=team["dora"].user)
    kept = InvitationFactory(invited_by=team["ada"].user)
    members.remove(team["dora"], by=team["ada"], at=clock.now())
    assert set(in_juniper.invitations.open()) == {kept}
    sent.refresh_from_db()
    assert sent.revoked_at


def test_handing_over_makes_an_owner_and_an_admin(team, in_juniper):
    members.transfer(to=team["ben"], by=team["ada"], at=clock.now())
    assert (role_of(team["ben"]), role_of(team["ada"])) == ("owner", "admin")
    with pytest.raises(RoleOutOfReach):
        members.transfer(to=team["eve"], by=team["ada"], at=clock.now())
    with pytest.raises(RoleOutOfReach):
        members.transfer(to=team["ben"], by=team["ben"], at=clock.now())


def test_a_role_that_was_taken_meanwhile_no_longer_counts(team, in_juniper):
    stale = team["dora"]
    members.change_role(stale, role=Role.VIEWER, by=team["ada"], at=clock.now())
    stale.role = Role.ADMIN
    with pytest.raises(RoleOutOfReach):
        members.remove(team["ben"], by=stale, at=clock.now())
    members.remove(stale, by=team["ada"], at=clock.now())
    with pytest.raises(NotAMember):
        members.change_role(team["ben"], role=Role.VIEWER, by=stale, at=clock.now())


def test_a_member_of_another_business_is_none_here(team, in_juniper, cleo):
    stranger = cleo.memberships.get()
    with pytest.raises(NotAMember):
        members.change_role(stranger, role=Role.VIEWER, by=team["ada"], at=clock.now())
    with pytest.raises(NotAMember):
        members.transfer(to=stranger, by=team["ada"], at=clock.now())
