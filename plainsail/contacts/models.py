"""People a business knows, what they asked for, and what must never be sent to them.

Three separate facts, so that none overwrites another: the profile (`Contact`), consent per list (`ListMember` with its
append-only proof `ConsentEntry`), and suppression of an address (`Suppression`, which survives the contact).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import OwnedManager, OwnedQuerySet, TiedForeignKey, WorkspaceKey, WorkspaceOwned

if TYPE_CHECKING:
    from collections.abc import Iterable


class ContactQuerySet(OwnedQuerySet["Contact"]):
    """The vocabulary for choosing contacts. Every method is one condition of one statement, however many contacts."""

    def live(self) -> Self:
        """Not deleted."""
        return self.filter(deleted_at=None)

    def tagged(self, tag: Tag) -> Self:
        tied = ContactTag.objects.filter(tag=tag, contact_id=OuterRef("pk"))
        return self.filter(Exists(tied))

    def on_list(self, topic: List) -> Self:
        """Subscribed, confirmed, and still so."""
        return self.filter(Exists(ListMember.objects.subscribed().filter(list=topic, contact_id=OuterRef("pk"))))

    def search(self, words: str) -> Self:
        """Every word occurs in the address or the name."""
        found = self
        for word in words.split()[:6]:
            found = found.filter(
                Q(email__contains=word.lower()) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
            )
        return found

    def mailable(self, topic: List | None = None) -> Self:
        """May get marketing mail: on the list (without one: on any), and the address is not suppressed for any reason.

        The same answer as `queries.may_receive`, for all contacts in one predicate. Costs two index probes a contact.
        """
        consent = ListMember.objects.subscribed().filter(contact_id=OuterRef("pk"))
        if topic is not None:
            consent = consent.filter(list=topic)
        return self.live().filter(Exists(consent)).unsuppressed(Suppression.Reason.values)

    def reachable(self) -> Self:
        """May get mail that isn't marketing, such as a receipt: only a dead address or a complaint stands against it."""
        return self.live().unsuppressed(Suppression.HARD)

    def unsuppressed(self, reasons: Iterable[str]) -> Self:
        against = Suppression.objects.filter(address_hash=OuterRef("email_hash"), reason__in=list(reasons))
        return self.exclude(email_hash="").filter(~Exists(against))


class Contact(WorkspaceOwned):
    """A person (or an office) with an e-mail address: one per address and business, deleted ones included."""

    class Source(models.TextChoices):
        FORM = "form", _("Form")
        CHECKOUT = "checkout", _("Checkout")
        IMPORT = "import", _("Import")
        API = "api", _("API")
        MANUAL = "manual", _("Added by hand")

    workspace = WorkspaceKey(related_name="contacts")
    email = models.CharField(_("e-mail address"), max_length=254)
    """Normalised on write by `services.addresses`, because no index helps `lower()` under row-level security."""
    email_hash = models.CharField(max_length=40, editable=False)
    """What `Suppression` knows the address by; kept here so that a whole audience is checked in one statement."""
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    company = models.CharField(_("company"), max_length=150, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    street = models.CharField(_("street and number"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    """ISO 3166-1 alpha-2, upper case."""
    timezone = models.CharField(_("time zone"), max_length=64, blank=True)
    locale = models.CharField(_("language"), max_length=10, blank=True)
    source = models.CharField(max_length=10, choices=Source, default=Source.MANUAL)
    score = models.IntegerField(_("score"), default=0)
    notes = models.TextField(_("notes"), blank=True)
    deleted_at = models.DateTimeField(null=True, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(ContactQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "email"], name="contact_email"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "email_hash"], name="contact_email_hash"),
            models.Index(fields=["workspace", "-created_at", "-id"], condition=Q(deleted_at=None), name="contact_newest"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def name(self) -> str:
        """First and last name, as far as known."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def is_erased(self) -> bool:
        return self.erased_at is not None


class List(WorkspaceOwned):
    """A topic that people can ask to hear about: the unit of consent."""

    workspace = WorkspaceKey(related_name="lists")
    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True)
    """What the reader gets and how often; shown where they decide."""
    is_default = models.BooleanField(default=False)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "slug"], name="list_slug"),
            models.UniqueConstraint(fields=["workspace"], condition=Q(is_default=True), name="list_one_default"),
        ]

    def __str__(self) -> str:
        return self.name


class ListMemberQuerySet(OwnedQuerySet["ListMember"]):
    def subscribed(self) -> Self:
        return self.filter(state=ListMember.State.SUBSCRIBED)


class ListMember(WorkspaceOwned):
    """Where a contact stands with a list now. How it came there is in `ConsentEntry`."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting for confirmation")
        SUBSCRIBED = "subscribed", _("Subscribed")
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")

    workspace = WorkspaceKey(related_name="list_members")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    list = TiedForeignKey(List, on_delete=models.CASCADE, related_name="members", db_index=False)
    state = models.CharField(max_length=12, choices=State)
    changed_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    """When a confirmation mail was last asked for; the next one has to wait a day."""

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(ListMemberQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "contact", "list"], name="list_member_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "list", "state", "contact"], name="list_member_state"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} · {self.state}"

    @property
    def is_subscribed(self) -> bool:
        return self.state == self.State.SUBSCRIBED

    @property
    def is_pending(self) -> bool:
        return self.state == self.State.PENDING


class ConsentEntry(WorkspaceOwned):
    """Proof of one act of consent: what was done, to which words, when and from where. Never changed (a trigger holds it)."""

    class Act(models.TextChoices):
        ASKED = "asked", _("Asked to join")
        CONFIRMED = "confirmed", _("Confirmed")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        IMPORTED = "imported", _("Imported")

    class Via(models.TextChoices):
        FORM = "form", _("form")
        LINK = "link", _("link in a mail")
        ONE_CLICK = "one_click", _("unsubscribe button of the mail program")
        PREFERENCES = "preferences", _("preference page")
        STAFF = "staff", _("member of the team")
        IMPORT = "import", _("import")
        API = "api", _("API")

    workspace = WorkspaceKey(related_name="consent_entries")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="consent_entries", db_index=False)
    list = TiedForeignKey(List, on_delete=models.CASCADE, related_name="consent_entries", db_index=False, null=True)
    """Empty where the act was about everything."""
    act = models.CharField(max_length=10, choices=Act)
    via = models.CharField(max_length=12, choices=Via)
    wording = models.TextField(blank=True)
    """The words that the person saw and agreed to."""
    form_id = models.UUIDField(null=True)
    form_version = models.PositiveIntegerField(null=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact", "at", "id"], name="consent_of_contact"),
            models.Index(fields=["workspace", "list"], name="consent_of_list"),
        ]

    def __str__(self) -> str:
        return f"{self.act} at {self.at}"


class Tag(WorkspaceOwned):
    """A label that the business sticks on contacts: the unit of segmentation, never of consent."""

    workspace = WorkspaceKey(related_name="tags")
    name = models.CharField(_("name"), max_length=60)
    key = models.CharField(max_length=60, editable=False)
    """The name without regard to case and spacing, so that “VIP” and “vip” are one tag."""
    category = models.CharField(_("category"), max_length=60, blank=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "key"], name="tag_key"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactTag(WorkspaceOwned):
    """A tag on a contact. Rows, not an array: no array index works under row-level security."""

    workspace = WorkspaceKey(related_name="contact_tags")
    tag = TiedForeignKey(Tag, on_delete=models.CASCADE, related_name="contact_tags", db_index=False)
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="contact_tags", db_index=False)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "tag", "contact"], name="contact_tag_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "contact"], name="contact_tag_of")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.contact_id}"


class Suppression(WorkspaceOwned):
    """An address that must not be mailed, known by a keyed hash alone: it outlives the contact, also an erased one."""

    class Reason(models.TextChoices):
        UNSUBSCRIBE_ALL = "unsubscribe_all", _("Left all lists")
        HARD_BOUNCE = "hard_bounce", _("Address does not exist")
        COMPLAINT = "complaint", _("Marked as spam")
        MANUAL = "manual", _("Blocked by the team")

    HARD = (Reason.HARD_BOUNCE.value, Reason.COMPLAINT.value)
    """Reasons that stand against every mail, receipts included."""

    workspace = WorkspaceKey(related_name="suppressions")
    address_hash = models.CharField(max_length=40)
    reason = models.CharField(max_length=16, choices=Reason)
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "address_hash", "reason"], name="suppression_once"),
        ]

    def __str__(self) -> str:
        return self.reason

    @property
    def is_hard(self) -> bool:
        return self.reason in self.HARD


class Segment(WorkspaceOwned):
    """Contacts by rule: a typed tree `{"all"|"any": [{"field", "op", "value"} | tree]}`, resolved when it is used."""

    workspace = WorkspaceKey(related_name="segments")
    name = models.CharField(_("name"), max_length=80)
    tree = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "name"], name="segment_name"),
        ]

    def __str__(self) -> str:
        return self.name
