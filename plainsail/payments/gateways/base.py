"""What a gateway can be asked for, and what it may answer. Every gateway passes the same suite (`tests/contract.py`).

A call to a gateway is a call over the network, even where it stays in the house: never inside a workspace's transaction.
"""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.kernel import tenancy
from plainsail.kernel.crypto import BadToken, decrypt
from plainsail.kernel.errors import Refusal
from plainsail.kernel.money import Money
from plainsail.payments.models import GatewayAccount

DeclineClass = Literal[
    "", "soft", "insufficient", "needs_action", "update_card", "hard", "consent_withdrawn", "fraud", "unknown"
]
ChargeState = Literal["succeeded", "requires_action", "declined", "unknown", "not_found"]
RefundState = Literal["succeeded", "pending", "failed", "unknown", "not_found"]
Kind = Literal["charge", "refund", "method"]
MethodState = Literal["usable", "requires_action", "refused", "not_found"]

log = logging.getLogger("plainsail.payments")

SECRETS = "payments.gateway"
"""The purpose for which an account's keys are sealed."""


class NetworkInTransaction(RuntimeError):
    """A gateway was called while a workspace's transaction was open: locks would be held for as long as it takes."""


class GatewaySilent(Refusal):
    """The gateway gave no answer, or none that can be understood; whether it has acted is not known."""

    code = "gateway_silent"
    message = _("The payment service doesn’t answer at the moment, so nothing was charged. Please try again soon.")
    status = 503


class BadMessage(Refusal):
    """What came in isn't a message of the gateway's to this account: unsigned, forged, too old, or for somebody else."""

    code = "bad_message"
    message = _("This message isn’t signed for this account.")
    status = 400


class BadKeys(Refusal):
    """The gateway doesn't know these keys, or doesn't let them do what is needed."""

    code = "bad_keys"
    message = _("These keys are not accepted.")
    status = 422


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a gateway can do; who calls it asks first."""

    needs_keys: bool = True
    """It works only once its account's keys are entered."""
    has_messages: bool = False
    """It sends messages about what changed, to an address of ours."""
    takes_card_fields: bool = False
    """The card is typed into our page (the sandbox only); otherwise the payer is sent to the gateway's."""
    merchant_initiated: bool = True
    partial_refund: bool = True
    refund_days: int | None = None
    disputes: bool = False
    currencies: frozenset[str] | None = None
    """None: any currency that we know."""
    at_once: int = 1
    """How many charges of a round may be on their way to it at a time. Above one its `charge` must not touch the database."""


@dataclass(frozen=True, kw_only=True)
class SetupRequest:
    """Save a way of paying. `fields` are what the payer typed, where the gateway takes it in our page."""

    payer_key: UUID
    fields: Mapping[str, str] = field(default_factory=dict)
    verify: bool
    """Check it with the bank at once, because no charge follows in the same breath."""
    return_path: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SetupOutcome:
    """A saved way of paying; with `action_url` the payer must go there first."""

    state: MethodState
    ref: str = ""
    brand: str = ""
    last4: str = ""
    exp_month: int | None = None
    exp_year: int | None = None
    action_url: str = ""
    decline_code: str = ""


@dataclass(frozen=True, kw_only=True)
class ChargeRequest:
    """Take an amount. The same key again is the same charge."""

    idempotency_key: str
    amount: Money
    method_ref: str
    initiator: str
    descriptor: str = ""
    return_path: str = ""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ChargeOutcome:
    """What became of a charge. `unknown` is an answer: nothing may be assumed, ask again."""

    state: ChargeState
    ref: str = ""
    decline_class: DeclineClass = ""
    decline_code: str = ""
    action_url: str = ""
    disputes: Sequence[DisputeFact] = ()

    @property
    def is_silence(self) -> bool:
        """Whether the gateway said nothing at all, rather than that it doesn't know yet."""
        return self.state == "unknown" and not self.ref


@dataclass(frozen=True, kw_only=True)
class DisputeFact:
    """A dispute that the gateway knows of a charge."""

    ref: str
    amount: Money
    reason: str
    state: Literal["open", "won", "lost"]
    answer_by: datetime | None = None
    """Until when the bank hears the business; None where the gateway names no day."""


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    """Pay back a part of a charge. The same key again is the same refund."""

    idempotency_key: str
    charge_ref: str
    amount: Money
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RefundOutcome:
    """What became of a refund."""

    state: RefundState
    ref: str = ""
    failure_code: str = ""

    @property
    def is_silence(self) -> bool:
        """Whether the gateway said nothing at all, rather than that it doesn't know yet."""
        return self.state == "unknown" and not self.ref


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something at the gateway changed: look it up anew. Changes may come twice and in any order."""

    kind: Kind
    key: str = ""
    """Our idempotency key."""
    ref: str = ""
    """The gateway's reference, where the news doesn't bear our key."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message that a gateway sent, once its signature is found right; `change` is empty where it is no concern of ours."""

    event_id: str
    kind: str
    """What the gateway calls it."""
    change: Change | None


@dataclass(frozen=True, kw_only=True)
class Connection:
    """What a gateway says of the account that keys belong to."""

    is_live: bool
    ref: str = ""
    name: str = ""


class CardRefused(Exception):
    """What was typed is no card that the gateway takes; `field` is the input at fault, `message` is for the payer."""

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(field)
        self.field = field
        self.message = message


class Gateway(ABC):
    """One kind of gateway. Knows no table of ours but the account it is called for."""

    code: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    @abstractmethod
    def begin_setup(self, account: GatewayAccount, request: SetupRequest) -> SetupOutcome:
        """Save a way of paying. Raises CardRefused."""

    @abstractmethod
    def fetch_setup(self, account: GatewayAccount, ref: str, *, at: datetime) -> SetupOutcome:
        """How a saved way of paying stands."""

    @abstractmethod
    def charge(self, account: GatewayAccount, request: ChargeRequest) -> ChargeOutcome:
        """Take an amount, once per key."""

    @abstractmethod
    def fetch_charge(self, account: GatewayAccount, key: str, *, method_ref: str, at: datetime) -> ChargeOutcome:
        """What became of the charge with this key of ours; `not_found` where it never arrived.

        `method_ref` is what it was to be taken from: some gateways can't be asked by our key, only by their payer.
        """

    @abstractmethod
    def cancel_charge(self, account: GatewayAccount, key: str, *, method_ref: str, at: datetime) -> ChargeOutcome:
        """Give up a charge that waits for its payer. One that has succeeded meanwhile stays so."""

    @abstractmethod
    def refund(self, account: GatewayAccount, request: RefundRequest) -> RefundOutcome:
        """Pay back, once per key."""

    @abstractmethod
    def fetch_refund(self, account: GatewayAccount, key: str, *, charge_ref: str, at: datetime) -> RefundOutcome:
        """What became of the refund with this key of ours, of this charge; `not_found` where it never arrived."""

    @abstractmethod
    def detach_method(self, account: GatewayAccount, ref: str, *, at: datetime) -> None:
        """Forget a way of paying: it can't be charged again. Doing it twice is fine."""

    @abstractmethod
    def list_changes(self, account: GatewayAccount, cursor: str, *, at: datetime) -> tuple[Sequence[Change], str]:
        """What changed since a cursor (empty: since ever), at most 500, and the next cursor. May repeat itself."""

    def accept_dispute(self, account: GatewayAccount, ref: str, *, at: datetime) -> bool:
        """Tell the payer's bank that the payer is right: the money goes back by it, and the dispute is lost.

        Doing it twice is fine. Returns whether the gateway answered; one that knows no disputes has nothing to say.
        """
        return False

    def read_message(
        self, account: GatewayAccount, headers: Mapping[str, str], body: bytes, *, at: datetime
    ) -> Message:
        """What a message says that came in for this account at a moment. Raises BadMessage."""
        raise BadMessage

    def check(self, account: GatewayAccount, *, at: datetime) -> Connection:
        """Ask the gateway whether the account's keys work. Raises BadKeys, GatewaySilent."""
        return Connection(is_live=account.mode == GatewayAccount.Mode.LIVE)


def keys_of(account: GatewayAccount) -> dict[str, Any]:
    """The account's keys, opened; none where it has none, or where they were sealed with another SECRET_KEY."""
    try:
        return dict(json.loads(decrypt(SECRETS, account.secrets))) if account.secrets else {}
    except BadToken:
        log.error("keys can't be opened: SECRET_KEY has changed", extra={"gateway": str(account)})
        return {}


def leave_the_house() -> None:
    """To be called first by every call over the network. Raises NetworkInTransaction."""
    if tenancy.has_workspace():
        raise NetworkInTransaction("A gateway can’t be called while a workspace’s transaction is open.")
