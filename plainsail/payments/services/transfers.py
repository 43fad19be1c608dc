"""Paying by bank transfer: where the money is to be sent, what has come in and for whom, what goes back by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from stdnum import bic, iban, iso11649
from stdnum.exceptions import ValidationError

from plainsail.kernel.crypto import encrypt
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways import offline
from plainsail.payments.gateways.base import SECRETS, keys_of
from plainsail.payments.models import GatewayAccount, PaymentMethod, Refund, Transfer
from plainsail.payments.services import methods, refunding
from plainsail.payments.services.statements import Entry

CODE = offline.CODE
BY_HAND = "hand:"
"""How the keys begin of what somebody noted by hand: the bank's statement may tell of it later."""


class BadAccount(ValueError):
    """No IBAN, or no BIC, by its own check digits and form."""


@dataclass(frozen=True, kw_only=True)
class BankAccount:
    """Where payers send their money, and on what terms. `days` they have; `gives_at_once` what they bought, before it is paid."""

    holder: str
    iban: str
    bic: str = ""
    days: int = 14
    gives_at_once: bool = False
    is_offered: bool = True

    @property
    def shown_iban(self) -> str:
        """In groups of four, as people read it."""
        return shown_iban(self.iban)


def shown_iban(compact: str) -> str:
    """In groups of four, as people read it."""
    return str(iban.format(compact))


def shown_reference(compact: str) -> str:
    """In groups of four, as people read it."""
    return str(iso11649.format(compact))


def clean_iban(text: str) -> str:
    """An IBAN without blanks. Raises BadAccount."""
    try:
        return str(iban.validate(text))
    except ValidationError as error:
        raise BadAccount from error


def clean_bic(text: str) -> str:
    """A BIC without blanks. Raises BadAccount."""
    try:
        return str(bic.validate(text))
    except ValidationError as error:
        raise BadAccount from error


@transaction.atomic
def set_up(to: BankAccount, *, mode: str, at: datetime) -> GatewayAccount:
    """Keep where money is to be sent in a mode; from now on, bills already issued stay as they are."""
    sealed = encrypt(SECRETS, json.dumps(asdict(to)))
    account: GatewayAccount
    account, _is_new = GatewayAccount.objects.update_or_create(
        code=CODE,
        mode=mode,
        defaults={"secrets": sealed, "name": to.holder[:150], "checked_at": at},
        create_defaults={"secrets": sealed, "name": to.holder[:150], "checked_at": at, "created_at": at},
    )
    return account


def account_of(mode: str) -> GatewayAccount | None:
    """The business's account for transfers in a mode. One query."""
    found: GatewayAccount | None = GatewayAccount.objects.filter(code=CODE, mode=mode).exclude(secrets="").first()
    return found


def details(account: GatewayAccount) -> BankAccount | None:
    """Where money for an account is to be sent; nothing where it isn't set up."""
    keys = keys_of(account)
    return BankAccount(**keys) if keys else None


def method_of(workspace_id: UUID, *, account_id: UUID, payer_key: UUID, at: datetime) -> PaymentMethod:
    """A payer's way of paying by transfer, made if need be. Outside any transaction."""
    return methods.add(
        workspace_id, account_id=account_id, payer_key=payer_key, fields={}, verify=False, return_path="", at=at
    )


@transaction.atomic
def note(account: GatewayAccount, entries: Iterable[Entry], *, at: datetime) -> list[Transfer]:
    """Write down what came in and isn't known yet, in the order told. Importing the same again adds nothing.

    What somebody noted by hand before the statement told of it is the same money: that row takes the bank's words.
    """
    known = set(Transfer.objects.filter(account=account).values_list("key", flat=True))
    made: list[Transfer] = []
    for entry in entries:
        if entry.key in known:
            continue
        known.add(entry.key)
        facts = {"payer_name": entry.payer_name, "payer_iban": entry.payer_iban, "text": entry.text}
        if earlier := _by_hand(account, entry):
            Transfer.objects.filter(id=earlier.id).update(key=entry.key, booked_on=entry.booked_on, **facts)
            continue
        made.append(
            Transfer.objects.create(
                account=account,
                key=entry.key,
                booked_on=entry.booked_on,
                amount_minor=entry.amount.minor,
                currency=entry.amount.currency,
                created_at=at,
                **facts,
            )
        )
    return made


def _by_hand(account: GatewayAccount, entry: Entry) -> Transfer | None:
    """What was noted by hand with the same amount and a reference that the entry names."""
    rows = Transfer.objects.filter(
        account=account,
        key__startswith=BY_HAND,
        amount_minor=entry.amount.minor,
        currency=entry.amount.currency,
    )
    named = set(references_in(entry.text))
    return next((row for row in rows.order_by("booked_on", "id") if row.text in named), None)


@transaction.atomic
def note_by_hand(
    account: GatewayAccount, *, amount: Money, booked_on: date, reference: str, payer_name: str, at: datetime
) -> Transfer:
    """What somebody saw on the bank account, for a bill with this reference."""
    entry = Entry(key=f"{BY_HAND}{new_id()}", booked_on=booked_on, amount=amount, payer_name=payer_name, text=reference)
    made: Transfer = Transfer.objects.create(
        account=account,
        key=entry.key,
        booked_on=entry.booked_on,
        amount_minor=amount.minor,
        currency=amount.currency,
        payer_name=entry.payer_name[:150],
        text=entry.text,
        created_at=at,
    )
    return made


def claim(transfer: Transfer, *, payer_key: UUID, subject_id: UUID) -> bool:
    """Credit it to a payer, once; False where it is credited or set aside already."""
    rows = Transfer.objects.filter(id=transfer.id, state=Transfer.State.UNCLAIMED)
    return bool(rows.update(state=Transfer.State.CREDITED, payer_key=payer_key, subject_id=subject_id))


def set_aside(transfer: Transfer) -> bool:
    """It is no payment of a buyer's, or was sent back: nobody needs to look at it again."""
    rows = Transfer.objects.filter(id=transfer.id, state=Transfer.State.UNCLAIMED)
    return bool(rows.update(state=Transfer.State.SET_ASIDE))


def credit(method: PaymentMethod, currency: str) -> Money:
    """What a payer has sent and hasn't been drawn on yet. In the workspace, three queries."""
    return offline.credit(method.account, offline.payer_of(method), currency)


@transaction.atomic
def pay_out(method: PaymentMethod, *, amount: Money, at: datetime) -> UUID:
    """Somebody sent a payer's credit back by hand; returns the id of the record."""
    paid_out: UUID = offline.pay_out(method, amount, at=at).id
    return paid_out


def references_in(text: str) -> list[str]:
    """Creditor references (ISO 11649) with good check digits that stand in a text, however the payer spaced them."""
    compact = "".join(character for character in text.upper() if character.isalnum())
    found = []
    for start in range(len(compact) - 1):
        if compact[start : start + 2] == "RF" and compact[start + 2 : start + 4].isdigit():
            found += [
                compact[start : start + length]
                for length in range(6, 26)
                if start + length <= len(compact) and iso11649.is_valid(compact[start : start + length])
            ]
    return found


def reference(body: str) -> str:
    """A creditor reference with its check digits, such as RF18 and what is given."""
    return f"RF{98 - int(_digits(f'{body}RF00')) % 97:02d}{body}"


def _digits(text: str) -> str:
    return "".join(str(int(character, 36)) for character in text)


def to_send() -> QuerySet[Refund]:
    """Refunds that somebody has to send by hand, oldest first. In the workspace."""
    waiting: QuerySet[Refund] = Refund.objects.filter(charge__account__code=CODE, state=Refund.State.SUBMITTED)
    return waiting.select_related("charge__method").order_by("created_at", "id")


def came_from(payer_key: UUID) -> Transfer | None:
    """A payer's last transfer that tells an IBAN: where money goes back to."""
    rows = Transfer.objects.filter(state=Transfer.State.CREDITED, payer_key=payer_key).exclude(payer_iban="")
    found: Transfer | None = rows.order_by("-booked_on", "-id").first()
    return found


def confirm_sent(workspace_id: UUID, refund_id: UUID, *, at: datetime) -> Refund:
    """Somebody sent a refund: it has arrived as far as the books go. Outside any transaction; twice is fine."""
    with workspace(workspace_id):
        refund = Refund.objects.select_related("charge__account").get(id=refund_id, charge__account__code=CODE)
        offline.note_sent(refund.idempotency_key, at=at)
    return refunding.look_up(workspace_id, refund_id, at=at)
