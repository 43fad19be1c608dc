"""People outside the business: profile, consent and suppression are three facts, kept apart."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel import clock
from plainsail.kernel.models import OwnedManager, OwnedQuerySet, TiedForeignKey, WorkspaceKey, WorkspaceOwned

MILLION = 1_000_000
"""A custom field's number is stored in millionths: exact, and a plain integer to the database."""


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
        return self.exclude(address_hash__in=Suppression.objects.values("address_hash"))

    def mailable(self, topic: List) -> ContactQuerySet:
        """Who may get marketing mail on a list: the set form of `queries.may_receive`."""
        return self.alive().on_list(topic).unsuppressed()


class Contact(WorkspaceOwned):
    """A person, known by an address. The e-mail is normalised when it is written."""

    workspace = WorkspaceKey(related_name="contacts")
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
    """When profile, address, tags or lists last changed, or it was deleted or restored: where a program goes on reading."""

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(ContactQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "email"], name="contact_email"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="contact_newest"),
            models.Index(fields=["workspace", "address_hash"], name="contact_address"),
            models.Index(fields=["workspace", "updated_at", "id"], name="contact_updated"),
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


class List(WorkspaceOwned):
    """A topic that people consent to get mail about."""

    workspace = WorkspaceKey(related_name="lists")
    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(max_length=60)
    description = models.CharField(_("description"), max_length=300, blank=True)
    is_default = models.BooleanField(default=False)

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


class ConsentEntry(WorkspaceOwned):
    """One act of consent with its proof. Append-only: what was agreed to, where, when, from where."""

    class Act(models.TextChoices):
        ASKED = "asked", _("asked to join")
        CONFIRMED = "confirmed", _("confirmed")
        WITHDRAWN = "withdrawn", _("unsubscribed")
        IMPORTED = "imported", _("imported with a stated basis")

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


class Tag(WorkspaceOwned):
    """A word that groups contacts. For segmenting, never for consent."""

    workspace = WorkspaceKey(related_name="tags")
    name = models.CharField(_("name"), max_length=60)
    slug = models.SlugField(max_length=60)
    category = models.CharField(_("category"), max_length=60, blank=True)
    lasts_days = models.PositiveSmallIntegerField(null=True)
    """Days after which the tag comes off by itself; None for never."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "slug"], name="tag_slug"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactTag(WorkspaceOwned):
    """A tag on a contact."""

    workspace = WorkspaceKey(related_name="contact_tags")
    tag = TiedForeignKey(Tag, on_delete=models.CASCADE, related_name="contact_tags")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="contact_tags")
    expires_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "tag", "contact"], name="contact_tag_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact"], name="tags_of_contact"),
            models.Index(
                fields=["workspace", "expires_at"],
                condition=models.Q(expires_at__isnull=False),
                name="contact_tag_expiry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.contact_id}"


class CustomField(WorkspaceOwned):
    """A fact that this business keeps of its contacts, beyond those that every business does."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        LONG_TEXT = "long_text", _("long text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        CHOICE = "choice", _("one choice")
        CHOICES = "choices", _("several choices")
        YES_NO = "yes_no", _("yes or no")

    workspace = WorkspaceKey(related_name="custom_fields")
    key = models.SlugField(max_length=60)
    """What imports, exports, mail and the API call it; never changes."""
    label = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    hint = models.CharField(_("help"), max_length=300, blank=True)
    choices = models.JSONField(default=list)
    """`[{"id", "label"}]` of a choice: the id is what is stored, so that a label may be changed."""
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "key"], name="custom_field_key"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def has_choices(self) -> bool:
        return self.kind in {self.Kind.CHOICE, self.Kind.CHOICES}

    @property
    def labels(self) -> dict[str, str]:
        """The choices' labels by their ids."""
        return {one["id"]: one["label"] for one in self.choices}


class FieldValue(WorkspaceOwned):
    """What a custom field says of a contact, in the column of its kind; several choices are several rows.

    Rows and plain types, because a condition on JSON, arrays or numerics can't use an index under row-level security.
    """

    workspace = WorkspaceKey(related_name="field_values")
    field = TiedForeignKey(CustomField, on_delete=models.CASCADE, related_name="values")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="field_values")
    text = models.CharField(max_length=500, blank=True)
    """A text, or the id of a choice."""
    long_text = models.TextField(blank=True)
    number = models.BigIntegerField(null=True)
    """Millionths of a number; 1 and 0 for yes and no."""
    date = models.DateField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "contact", "field", "text"], name="field_value_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "field", "text", "contact"], condition=~models.Q(text=""), name="field_text"
            ),
            models.Index(
                fields=["workspace", "field", "number", "contact"],
                condition=models.Q(number__isnull=False),
                name="field_number",
            ),
            models.Index(
                fields=["workspace", "field", "date", "contact"],
                condition=models.Q(date__isnull=False),
                name="field_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field_id} of {self.contact_id}"

    @property
    def said(self) -> str | Decimal | datetime.date | bool:
        """The value as it is; of a choice, its label."""
        kind, kinds = self.field.kind, CustomField.Kind
        if kind == kinds.NUMBER and self.number is not None:
            return Decimal(self.number) / MILLION
        if kind == kinds.DATE and self.date is not None:
            return self.date
        if kind == kinds.YES_NO:
            return bool(self.number)
        if kind == kinds.LONG_TEXT:
            return self.long_text
        label: str = self.field.labels.get(self.text, self.text)
        return label


class Suppression(WorkspaceOwned):
    """An address that is not written to, whoever it belongs to. Survives the contact, because it keeps only a keyed hash."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("asked never to be written to")
        HARD_BOUNCE = "hard_bounce", _("the address does not exist")
        COMPLAINT = "complaint", _("reported as spam")
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


class Segment(WorkspaceOwned):
    """A question about contacts, asked anew each time: a tree of conditions over registered fields."""

    workspace = WorkspaceKey(related_name="segments")
    name = models.CharField(_("name"), max_length=100)
    tree = models.JSONField(default=dict)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "name"], name="segment_name"),
        ]

    def __str__(self) -> str:
        return self.name


# Below the contact that they are about.
from plainsail.contacts.models.scores import ScoreEntry, ScoreLevel, ScoreRule, Scoring  # noqa: E402
from plainsail.contacts.models.work import Note, Task  # noqa: E402

__all__ = [
    "MILLION",
    "ConsentEntry",
    "Contact",
    "ContactQuerySet",
    "ContactTag",
    "CustomField",
    "FieldValue",
    "List",
    "ListMember",
    "Note",
    "ScoreEntry",
    "ScoreLevel",
    "ScoreRule",
    "Scoring",
    "Segment",
    "Suppression",
    "Tag",
    "Task",
]
