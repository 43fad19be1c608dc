"""Rails for money: accounts at gateways, saved methods, charges, refunds, disputes. No product word in here.

Payments live in wall time; whoever sells by a test clock converts before calling.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import (
    Base,
    OwnedManager,
    OwnedQuerySet,
    TiedForeignKey,
    Workspace,
    WorkspaceKey,
    WorkspaceOwned,
)
from plainsail.kernel.money import Money


class GatewayAccount(WorkspaceOwned):
    """A business's account at a gateway. Its secrets are sealed."""

    class Mode(models.TextChoices):
        TEST = "test", _("test")
        LIVE = "live", _("live")

    workspace = WorkspaceKey(related_name="gateway_accounts")
    code = models.CharField(max_length=30)
    mode = models.CharField(max_length=4, choices=Mode)
    secrets = models.TextField(blank=True)
    """A JSON object of keys, sealed by `kernel.crypto` for the purpose `payments.gateway`."""
    gateway_ref = models.CharField(max_length=60, blank=True)
    """The account's own name at the gateway, where the keys may know it: keys of another one can't take its place."""
    name = models.CharField(max_length=150, blank=True)
    """What people call it there, as of the last check."""
    checked_at = models.DateTimeField(null=True)
    changes_cursor = models.CharField(max_length=100, blank=True)
    """How far the gateway's list of changes has been read."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "code", "mode"], name="gateway_account_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.mode})"

    @property
    def is_live(self) -> bool:
        return self.mode == self.Mode.LIVE

    @property
    def has_keys(self) -> bool:
        return bool(self.secrets)


class InboundEndpoint(Base):
    """An address at which a gateway's messages come in, and for which account. Shared: it is found before the workspace is."""

    key = models.CharField(max_length=43, unique=True)
    """The part of the address that can't be guessed. What comes in must be signed all the same."""
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="inbound_endpoints")
    account_id = models.UUIDField(unique=True)

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.account_id}"


class PaymentMethodQuerySet(OwnedQuerySet["PaymentMethod"]):
    def usable_by(self, payer_key: UUID) -> PaymentMethodQuerySet:
        """What a payer may be charged by, to be ordered newest first."""
        return self.filter(payer_key=payer_key, state=PaymentMethod.State.USABLE)


class PaymentMethod(WorkspaceOwned):
    """A way of paying that a payer saved: the gateway's reference, and what a receipt may show of it."""

    class State(models.TextChoices):
        REQUIRES_ACTION = "requires_action", _("waiting for the bank’s check")
        USABLE = "usable", _("usable")
        FAILING = "failing", _("reported lost or stolen")
        REFUSED = "refused", _("refused by the bank")
        DETACHED = "detached", _("removed")

    TRANSFER: ClassVar = "transfer"
    """The brand of what is paid by bank transfer."""

    workspace = WorkspaceKey(related_name="payment_methods")
    account = TiedForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="methods")
    payer_key = models.UUIDField()
    """Whoever pays, as the area above names them."""
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField(null=True)
    exp_year = models.PositiveSmallIntegerField(null=True)
    gateway_ref = models.CharField(max_length=100)
    state = models.CharField(max_length=16, choices=State)
    action_url = models.CharField(max_length=2000, blank=True)
    """Where the payer proves to the bank who they are, while the state asks for it."""

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(PaymentMethodQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "account", "gateway_ref"], name="payment_method_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "payer_key", "-created_at"], name="methods_of_payer")
        ]

    def __str__(self) -> str:
        brand = gettext("Bank transfer") if self.is_by_transfer else self.brand
        return f"{brand} •••• {self.last4}"

    @property
    def is_usable(self) -> bool:
        return self.state == self.State.USABLE

    @property
    def is_by_transfer(self) -> bool:
        """Whether its payer sends the money; nothing can be taken from it. `last4` is then of the business's own account."""
        return self.brand == self.TRANSFER


class ChargeQuerySet(OwnedQuerySet["Charge"]):
    def open(self) -> ChargeQuerySet:
        """Those whose outcome is not known yet."""
        return self.filter(state__in=Charge.OPEN)


class Charge(WorkspaceOwned):
    """One attempt to take an amount. Written before the gateway is asked, settled after; at most one open per subject."""

    class State(models.TextChoices):
        IN_FLIGHT = "in_flight", _("on its way")
        REQUIRES_ACTION = "requires_action", _("waiting for the bank’s check")
        UNKNOWN = "unknown", _("outcome not known yet")
        SUCCEEDED = "succeeded", _("paid")
        DECLINED = "declined", _("declined")

    class Initiator(models.TextChoices):
        CUSTOMER = "customer", _("the customer")
        MERCHANT = "merchant", _("the business")

    OPEN: ClassVar[tuple[State, ...]] = (State.IN_FLIGHT, State.REQUIRES_ACTION, State.UNKNOWN)

    workspace = WorkspaceKey(related_name="charges")
    account = TiedForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="charges")
    method = TiedForeignKey(PaymentMethod, on_delete=models.PROTECT, related_name="charges")
    subject_id = models.UUIDField()
    """What is paid for, as the area above names it."""
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    idempotency_key = models.CharField(max_length=80)
    initiator = models.CharField(max_length=8, choices=Initiator)
    descriptor = models.CharField(max_length=60, blank=True)
    return_path = models.CharField(max_length=600, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.IN_FLIGHT)
    decline_class = models.CharField(max_length=20, blank=True)
    decline_code = models.CharField(max_length=40, blank=True)
    gateway_ref = models.CharField(max_length=100, blank=True)
    action_url = models.CharField(max_length=2000, blank=True)
    settled_at = models.DateTimeField(null=True)

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(ChargeQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "idempotency_key"], name="charge_key"),
            models.UniqueConstraint(
                fields=["workspace", "subject_id"],
                condition=Q(state__in=["in_flight", "requires_action", "unknown"]),
                name="charge_one_open",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="charge_is_positive"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "subject_id", "created_at"], name="charges_of_subject"),
            models.Index(
                fields=["workspace", "created_at"],
                condition=Q(state__in=["in_flight", "requires_action", "unknown"]),
                name="charges_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.state}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def has_succeeded(self) -> bool:
        return self.state == self.State.SUCCEEDED

    @property
    def was_declined(self) -> bool:
        return self.state == self.State.DECLINED


class RefundQuerySet(OwnedQuerySet["Refund"]):
    def counting(self) -> RefundQuerySet:
        """Those that use up what may be refunded: all but the failed."""
        return self.exclude(state=Refund.State.FAILED)


class Refund(WorkspaceOwned):
    """Money on its way back to where a charge took it."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("about to be sent")
        SUBMITTED = "submitted", _("on its way")
        UNKNOWN = "unknown", _("outcome not known yet")
        SUCCEEDED = "succeeded", _("paid back")
        FAILED = "failed", _("failed")

    FINAL: ClassVar[tuple[State, ...]] = (State.SUCCEEDED, State.FAILED)

    workspace = WorkspaceKey(related_name="refunds")
    charge = TiedForeignKey(Charge, on_delete=models.PROTECT, related_name="refunds")
    subject_id = models.UUIDField(null=True)
    """On what ground it is paid back, as the area above names it."""
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    idempotency_key = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    failure_code = models.CharField(max_length=40, blank=True)
    gateway_ref = models.CharField(max_length=100, blank=True)
    settled_at = models.DateTimeField(null=True)

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(RefundQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "idempotency_key"], name="refund_key"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_is_positive"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "charge"], name="refunds_of_charge"),
            models.Index(
                fields=["workspace", "created_at"],
                condition=Q(state__in=["requested", "submitted", "unknown"]),
                name="refunds_open",
            ),
            models.Index(fields=["workspace", "settled_at"], condition=Q(state="failed"), name="refunds_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.state}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_final(self) -> bool:
        return self.state in self.FINAL


class Dispute(WorkspaceOwned):
    """A cardholder told the bank that a charge is wrong; the bank holds the money until it is decided."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    workspace = WorkspaceKey(related_name="disputes")
    charge = TiedForeignKey(Charge, on_delete=models.PROTECT, related_name="disputes")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=40)
    state = models.CharField(max_length=4, choices=State, default=State.OPEN)
    gateway_ref = models.CharField(max_length=100)
    answer_by = models.DateTimeField(null=True)
    """Until when the bank hears the business, where the gateway names a moment."""
    accepted_at = models.DateTimeField(null=True)
    """When the business owned that the cardholder is right; the gateway is told until it says that the dispute is over."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "gateway_ref"], name="dispute_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dispute_is_positive"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "created_at"],
                condition=Q(state="open", accepted_at__isnull=False),
                name="disputes_to_accept",
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.state}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class InboxMessage(WorkspaceOwned):
    """A message of a gateway's, by its own id: kept before it is acknowledged, so that none is lost and none counts twice.

    What it says of the object is not kept: that is asked for anew, since messages come late and in any order.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("looked up")
        UNKNOWN = "unknown", _("about nothing we know")

    workspace = WorkspaceKey(related_name="inbox_messages")
    account = TiedForeignKey(GatewayAccount, on_delete=models.CASCADE, related_name="messages")
    event_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=100)
    about = models.CharField(max_length=6, blank=True)
    """What is to be looked up: a charge, a refund or a method."""
    key = models.CharField(max_length=80, blank=True)
    ref = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "account", "event_id"], name="inbox_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "account", "about", "key", "ref"],
                condition=Q(state="waiting"),
                name="inbox_waiting",
            ),
            models.Index(fields=["workspace", "created_at"], name="inbox_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.state}"


class SandboxRecord(WorkspaceOwned):
    """The sandbox's own book: what a gateway elsewhere would remember. Only `gateways.sandbox` reads or writes it."""

    class Kind(models.TextChoices):
        CARD = "card"
        CHARGE = "charge"
        REFUND = "refund"

    workspace = WorkspaceKey(related_name="sandbox_records")
    kind = models.CharField(max_length=6, choices=Kind)
    ref = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    parent_ref = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    facts = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "ref"], name="sandbox_ref"),
            models.UniqueConstraint(fields=["workspace", "kind", "key"], name="sandbox_key"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "changed_at", "ref"], name="sandbox_changes"),
            models.Index(fields=["workspace", "parent_ref", "kind"], name="sandbox_of_card"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.state}"


class TransferQuerySet(OwnedQuerySet["Transfer"]):
    def unclaimed(self) -> TransferQuerySet:
        """Those of which nobody knows yet what they are for."""
        return self.filter(state=Transfer.State.UNCLAIMED)

    def credited_to(self, payer_key: UUID) -> TransferQuerySet:
        return self.filter(state=Transfer.State.CREDITED, payer_key=payer_key)


class Transfer(WorkspaceOwned):
    """Money that came in on the business's bank account: read from a statement, or noted by hand."""

    class State(models.TextChoices):
        UNCLAIMED = "unclaimed", _("not matched yet")
        CREDITED = "credited", _("matched")
        SET_ASIDE = "set_aside", _("set aside")

    workspace = WorkspaceKey(related_name="transfers")
    account = TiedForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="transfers")
    key = models.CharField(max_length=80)
    """What tells it from any other: the bank's own reference, or a digest of the statement's line. Importing it twice is harmless."""
    booked_on = models.DateField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    payer_name = models.CharField(max_length=150, blank=True)
    payer_iban = models.CharField(max_length=34, blank=True)
    text = models.CharField(max_length=500, blank=True)
    """What the payer wrote, the payment's reference among it."""
    state = models.CharField(max_length=9, choices=State, default=State.UNCLAIMED)
    payer_key = models.UUIDField(null=True)
    """On whose account it is credited, as the area above names them."""
    subject_id = models.UUIDField(null=True)
    """What it was sent for, as the area above names it."""

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(TransferQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "account", "key"], name="transfer_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="transfer_is_positive"),
            models.CheckConstraint(
                condition=Q(state="credited", payer_key__isnull=False) | ~Q(state="credited"),
                name="transfer_credit_has_its_payer",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "payer_key", "state"], name="transfers_of_payer"),
            models.Index(fields=["workspace", "state", "-booked_on", "-id"], name="transfers_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.booked_on:%Y-%m-%d}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class BankRecord(WorkspaceOwned):
    """The book of payments by bank transfer: who pays so, what was taken of their credit, what goes back.

    Only `gateways.offline` reads or writes it.
    """

    class Kind(models.TextChoices):
        PAYER = "payer"
        CHARGE = "charge"
        REFUND = "refund"

    workspace = WorkspaceKey(related_name="bank_records")
    account = TiedForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="bank_records")
    kind = models.CharField(max_length=6, choices=Kind)
    ref = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    parent_ref = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4, blank=True)
    """Of a payer: the end of the IBAN that they were told to send to."""
    decline = models.CharField(max_length=40, blank=True)
    amount_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    changed_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "ref"], name="bank_record_ref"),
            models.UniqueConstraint(fields=["workspace", "account", "kind", "key"], name="bank_record_key"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "account", "changed_at", "ref"], name="bank_record_changes"),
            models.Index(fields=["workspace", "parent_ref", "kind"], name="bank_records_of_parent"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.state}"
