"""People outside the business: profile, consent and suppression are three facts, kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel import clock
from plainsail.kernel.models import (
    OwnedManager,
    OwnedQuerySet,
    SetTiedOneToOneField,
    SetWorkspaceKey,
    TiedForeignKey,
    WorkspaceKey,
    WorkspaceOwned,
)

if TYPE_CHECKING:
    from plainsail.contacts.models.tags import Tag


class ContactQuerySet(OwnedQuerySet["Contact"]):
    def alive(self) -> ContactQuerySet:
        """Those that nobody deleted."""
        return self.filter(deleted_at=None)

    def tagged(self, tag: Tag) -> ContactQuerySet:
        return self.filter(id__in=tag.contact_tags.values("contact_id"))

    def on_list(self, topic: List) -> ContactQuerySet:
        """Subscribed to a list: asked for it and confirmed."""
        return self.filter(id__in=topic.members.filter(state=ListMember.State.SUBSCRIBED).values("contact_id"))

    def unsuppressed(self) -> ContactQuerySet:
        """Whose address may be written to at all."""
        return self.filter(~models.Exists(Suppression.objects.filter(address_hash=models.OuterRef("address_hash"))))

    def subscribed(self) -> ContactQuerySet:
        """Subscribed to any list that is in use."""
        subscriptions = ListMember.objects.filter(
            contact_id=models.OuterRef("id"), state=ListMember.State.SUBSCRIBED, list__archived_at=None
        )
        return self.filter(models.Exists(subscriptions))

    def unpaused(self) -> ContactQuerySet:
        """Who did not ask for some weeks without mail."""
        return self.filter(~models.Exists(MailPause.objects.filter(contact_id=models.OuterRef("id"))))

    def mailable(self, topic: List) -> ContactQuerySet:
        """Who may get marketing mail on a list: the set form of `queries.may_receive`."""
        # Asked of the database once, when it is asked for people: a broadcast that leaves holds a list as it was.
        in_use = models.Exists(List.objects.filter(id=topic.id, archived_at=None))
        return self.alive().filter(in_use).on_list(topic).unsuppressed().unpaused()

    def mailable_at_all(self) -> ContactQuerySet:
        """Who may get marketing mail on one list or another."""
        return self.alive().subscribed().unsuppressed().unpaused()


class Contact(WorkspaceOwned):
    """A person, known by an address. The e-mail is normalised when it is written."""

    workspace = SetWorkspaceKey(related_name="contacts")
    email = models.CharField(_("e-mail address"), max_length=254)
    address_hash = models.CharField(max_length=40, editable=False)
    """Keyed hash of the address: what suppression knows."""
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    company = models.CharField(_("company"), max_length=150, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    locale = models.CharField(_("language"), max_length=10, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    source = models.CharField(max_length=80, blank=True)
    score = models.IntegerField(default=0)
    score_counted = models.IntegerField(default=0, editable=False)
    """What the last count made the score; where the score differs a person or a program set it since."""
    score_peak = models.IntegerField(null=True, editable=False)
    """The highest score that was ever counted: levels up to it are not reached a second time."""
    deleted_at = models.DateTimeField(null=True)
    merged_into = models.UUIDField(null=True, editable=False)
    """Who stands for this contact since the two were merged; links in old mail lead there."""
    updated_at = models.DateTimeField(default=clock.now, editable=False)
    """When profile or address last changed, or it was deleted or restored. `last_change` knows of tags and lists too."""

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(ContactQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "email"], name="contact_email"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Whether they were deleted stands in it too, so that who came when is counted from the index alone. It is read
            # backwards: where the newest stood first it would grow at its front and be half empty.
            models.Index(fields=["workspace", "created_at", "id"], include=["deleted_at"], name="contact_came"),
            models.Index(
                fields=["workspace", "id"],
                condition=~models.Q(score=models.F("score_counted")),
                name="contact_score_set",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class LastChange(WorkspaceOwned):
    """When a contact last changed in any way, tags and lists included: where a program goes on reading.

    One row a contact, under the contact's own id. The database makes it and takes it away with the contact, and moves it with
    `updated_at`; what changes beside the profile writes here alone (`contacts.touch`). A contact's own row is ten times as dear
    to write, for all its indexes are, that of its trigrams above all.
    """

    id = None  # type: ignore[assignment]  # the contact's
    created_at = None  # type: ignore[assignment]
    workspace = WorkspaceKey(related_name="last_changes", db_constraint=False)
    contact = SetTiedOneToOneField(
        Contact, on_delete=models.CASCADE, related_name="last_change", primary_key=True, db_column="id"
    )
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = []
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "at", "contact"], name="contact_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} at {self.at}"


class Engagement(WorkspaceOwned):
    """When a contact last got a mail, opened one, followed a link, came by: people only, no programs.

    Kept beside what happened, so that a segment never has to read millions of events.
    """

    workspace = WorkspaceKey(related_name="engagements")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="engagements", db_index=False)
    sent_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    visited_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "contact"], name="engagement_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "opened_at", "contact"],
                condition=models.Q(opened_at__isnull=False),
                name="engagement_opened",
            ),
            models.Index(
                fields=["workspace", "clicked_at", "contact"],
                condition=models.Q(clicked_at__isnull=False),
                name="engagement_clicked",
            ),
        ]

    def __str__(self) -> str:
        return str(self.contact_id)


class List(WorkspaceOwned):
    """A topic that people consent to get mail about."""

    workspace = WorkspaceKey(related_name="lists")
    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(max_length=60)
    description = models.CharField(_("description"), max_length=300, blank=True)
    is_default = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True)
    """Since when nobody is put on it, offered it or written to about it. Who agreed to it stays on record."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "slug"], name="list_slug"),
        ]

    def __str__(self) -> str:
        return self.name


class ListMember(WorkspaceOwned):
    """How things stand between a contact and a list now; the proof is in ConsentEntry."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting for confirmation")
        SUBSCRIBED = "subscribed", _("subscribed")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")

    workspace = WorkspaceKey(related_name="list_members")
    list = TiedForeignKey(List, on_delete=models.CASCADE, related_name="members")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="memberships")
    state = models.CharField(max_length=12, choices=State)
    changed_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    """When the last confirmation mail was asked for: at most one a day."""
    taken_from = models.CharField(max_length=12, choices=State, blank=True, default="", db_default="")
    """How things stood when the business took them off; empty where they left by their own word, or are on it."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "list", "contact"], name="member_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact"], name="member_of_contact"),
            models.Index(fields=["workspace", "list", "state", "contact"], name="member_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} {self.state}"

    @property
    def is_subscribed(self) -> bool:
        return self.state == self.State.SUBSCRIBED

    @property
    def is_taken_off(self) -> bool:
        """Whether the business took them off: they never said no, so it can put them back."""
        return self.state == self.State.UNSUBSCRIBED and bool(self.taken_from)


class MailPause(WorkspaceOwned):
    """Somebody asked for some weeks without marketing mail. The row goes when they are over: while it is there, it holds."""

    workspace = WorkspaceKey(related_name="mail_pauses")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="mail_pauses", db_index=False)
    until = models.DateTimeField()
    asked_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "contact"], name="mail_pause_once"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} until {self.until:%Y-%m-%d}"


class ErasureRequest(WorkspaceOwned):
    """Somebody asked to be erased (GDPR, art. 17). An owner answers; mail stops at once."""

    workspace = WorkspaceKey(related_name="erasure_requests")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="erasure_requests", db_index=False)
    asked_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "contact"], name="erasure_request_once"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} {self.asked_at:%Y-%m-%d}"


class ConsentEntry(WorkspaceOwned):
    """One act of consent with its proof. Append-only: what was agreed to, where, when, from where."""

    class Act(models.TextChoices):
        ASKED = "asked", _("asked to join")
        CONFIRMED = "confirmed", _("confirmed")
        WITHDRAWN = "withdrawn", _("unsubscribed")
        IMPORTED = "imported", _("imported with a stated basis")
        TAKEN_OFF = "taken_off", _("taken off by the business")
        PUT_BACK = "put_back", _("put back by the business")

    workspace = WorkspaceKey(related_name="consent_entries")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="consents")
    list = TiedForeignKey(List, on_delete=models.CASCADE, related_name="consents", null=True)
    act = models.CharField(max_length=10, choices=Act)
    wording = models.TextField(blank=True)
    source = models.CharField(max_length=80, blank=True)
    form_version = models.PositiveIntegerField(null=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact", "-at"], name="consent_of_contact")
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.at:%Y-%m-%d}"


class Suppression(WorkspaceOwned):
    """An address that is not written to, whoever it belongs to. Survives the contact, because it keeps only a keyed hash."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("asked never to be written to")
        HARD_BOUNCE = "hard_bounce", _("the address does not exist")
        COMPLAINT = "complaint", _("reported as spam")
        SOFT_BOUNCES = "soft_bounces", _("took no mail several times in a row")
        MANUAL = "manual", _("added by hand")

    workspace = WorkspaceKey(related_name="suppressions")
    address_hash = models.CharField(max_length=40)
    reason = models.CharField(max_length=12, choices=Reason)
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "address_hash"], name="suppression_once"),
        ]

    def __str__(self) -> str:
        return self.reason
