"""Stripe: cards are entered on its hosted page, charged by PaymentIntents, and it decides nothing about contracts.

Sources: Stripe's API reference, version `API_VERSION`; “Idempotent requests”; “Check webhook signatures”; “Pagination”.
Our key is its idempotency key and stands in the metadata too, because an idempotency key can't be asked for later.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from plainsail.accounts.services import hosts
from plainsail.kernel.lazily import Lazily
from plainsail.kernel.money import BadMoney
from plainsail.payments.gateways import base, stripe_declines
from plainsail.payments.gateways.base import (
    BadKeys,
    BadMessage,
    Change,
    ChargeOutcome,
    ChargeRequest,
    Connection,
    DisputeFact,
    GatewaySilent,
    Message,
    RefundOutcome,
    RefundRequest,
    SetupOutcome,
    SetupRequest,
)
from plainsail.payments.gateways.stripe_amounts import from_stripe, to_stripe
from plainsail.payments.models import GatewayAccount

if TYPE_CHECKING:
    import stripe
else:
    stripe = Lazily("stripe")

CODE = "stripe"
API_VERSION = "2026-10-28.endive"
"""What this module is written for; each request asks for it, whatever the account's own default is."""
CONNECT_WITHIN, ANSWER_WITHIN = 5, 25
"""Seconds. Together well below the two minutes after which a charge counts as interrupted."""
AT_ONCE = 8
"""Charges on their way at a time: far below Stripe's limit of 100 requests a second (“Rate limits”), some seconds each at worst."""
TOLERANCE = 300
"""Seconds by which a message's time may be off (“Preventing replay attacks”)."""
SETTLED_AFTER = 60
"""Seconds: the list of events is read up to then only, so that none that is written late is jumped over."""
STALE_AFTER = 600
MOST_CHANGES, PAGE = 500, 100
MOST_CHARGES = 1000
"""How many charges of one payer are looked through for ours."""
KEY, WORKSPACE = "plainsail_key", "plainsail_workspace"
CARD = "card"
EVENTS = (
    *("payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled"),
    *("refund.created", "refund.updated", "refund.failed"),
    *("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"),
    *("checkout.session.completed", "checkout.session.expired"),
)
"""What an endpoint should be told, and what is read from the list."""
BRANDS = {"amex": "American Express", "jcb": "JCB", "unionpay": "UnionPay", "cartes_bancaires": "Cartes Bancaires"}
DISPUTES = {"won": "won", "lost": "lost", "prevented": "lost"}
"""All others are open, but for inquiries (`warning_…`), for which the bank holds no money. One prevented was paid back."""

log = logging.getLogger("plainsail.payments")
# The library notes every request; ours notes what went wrong, without words that a payer or Stripe wrote.
logging.getLogger("stripe").setLevel(logging.WARNING)


class NotConnected(Exception):
    """The account has no keys (any more): nothing was asked."""


class Stripe(base.Gateway):
    """References: a method is `customer/payment method`, or the session that will save one; a charge is a PaymentIntent."""

    code = CODE
    capabilities: ClassVar = base.Capabilities(has_messages=True, disputes=True, at_once=AT_ONCE)

    def __init__(self, *, api: str = "https://api.stripe.com") -> None:
        self.api = api

    @cached_property
    def http(self) -> stripe.HTTPClient:
        """What all requests share."""
        return stripe.RequestsClient(timeout=(CONNECT_WITHIN, ANSWER_WITHIN))

    def begin_setup(self, account: GatewayAccount, request: SetupRequest) -> SetupOutcome:
        back = hosts.public_url(account.workspace, request.return_path)
        ours = {WORKSPACE: str(account.workspace_id)}
        try:
            client = self._client(account)
            customer = client.v1.customers.create(
                {"metadata": {**ours, "plainsail_payer": str(request.payer_key)}},
                {"idempotency_key": f"payer:{request.payer_key}"},
            )
            session = client.v1.checkout.sessions.create(
                {
                    "mode": "setup",
                    "allowed_payment_method_types": [CARD],
                    "customer": customer.id,
                    "success_url": back,
                    "cancel_url": back,
                    "metadata": ours,
                    "setup_intent_data": {"metadata": ours},
                }
            )
        except (NotConnected, stripe.StripeError) as error:
            raise _silent(error) from error
        return SetupOutcome(state="requires_action", ref=session.id, action_url=session.url or "")

    def fetch_setup(self, account: GatewayAccount, ref: str, *, at: datetime) -> SetupOutcome:
        try:
            client = self._client(account)
            if not ref.startswith("cs_"):
                method = client.v1.payment_methods.retrieve(_method(ref))
                return _saved(plain(method))
            session = client.v1.checkout.sessions.retrieve(ref, {"expand": ["setup_intent.payment_method"]})
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                return SetupOutcome(state="not_found", ref=ref)
            raise _silent(error) from error
        except (NotConnected, stripe.StripeError) as error:
            raise _silent(error) from error
        return _session_outcome(plain(session))

    def charge(self, account: GatewayAccount, request: ChargeRequest) -> ChargeOutcome:
        try:
            client = self._client(account)
            made = client.v1.payment_intents.create(
                self.intent(account, request), {"idempotency_key": request.idempotency_key}
            )
        except BadMoney:
            return ChargeOutcome(state="declined", decline_class="unknown", decline_code="amount_not_taken")
        except stripe.CardError as error:
            return _declined(plain(error.error))
        except stripe.InvalidRequestError as error:
            return _refused(error)
        except (NotConnected, stripe.StripeError) as error:
            # Without keys nothing was asked; but that is no fault of the customer's card, so it waits until they are back.
            return _lost(error)
        return _charge_outcome(plain(made))

    def intent(self, account: GatewayAccount, request: ChargeRequest) -> Any:
        """The parameters of a charge. Raises BadMoney."""
        params: dict[str, Any] = {
            "amount": to_stripe(request.amount),
            "currency": request.amount.currency.lower(),
            "customer": request.method_ref.partition("/")[0],
            "payment_method": _method(request.method_ref),
            "allowed_payment_method_types": [CARD],
            "confirm": True,
            "description": request.descriptor or CODE,
            "metadata": {KEY: request.idempotency_key, WORKSPACE: str(account.workspace_id)},
        }
        if request.initiator == "merchant":
            return params | {"off_session": True}
        return params | {"return_url": hosts.public_url(account.workspace, request.return_path or "/")}

    def fetch_charge(self, account: GatewayAccount, key: str, *, method_ref: str, at: datetime) -> ChargeOutcome:
        try:
            client = self._client(account)
            found = _intent_of(client, key, method_ref)
            if found is None:
                return ChargeOutcome(state="not_found")
            if found["status"] == "requires_confirmation" and _is_stale(found, at=at):
                return ChargeOutcome(
                    state="declined", ref=found["id"], decline_class="soft", decline_code="never_arrived"
                )
            return _charge_outcome(found, disputes=_disputes(client, found))
        except (NotConnected, stripe.StripeError) as error:
            return _lost(error)

    def cancel_charge(self, account: GatewayAccount, key: str, *, method_ref: str, at: datetime) -> ChargeOutcome:
        try:
            client = self._client(account)
            found = _intent_of(client, key, method_ref)
            if found is None:
                return ChargeOutcome(state="not_found")
            if found["status"] == "requires_action":
                client.v1.payment_intents.cancel(found["id"], {"cancellation_reason": "abandoned"})
        except stripe.InvalidRequestError:
            # It ended while we looked: how, the next look tells.
            pass
        except (NotConnected, stripe.StripeError) as error:
            return _lost(error)
        return self.fetch_charge(account, key, method_ref=method_ref, at=at)

    def refund(self, account: GatewayAccount, request: RefundRequest) -> RefundOutcome:
        try:
            made = self._client(account).v1.refunds.create(
                {
                    "payment_intent": request.charge_ref,
                    "amount": to_stripe(request.amount),
                    "metadata": {KEY: request.idempotency_key, WORKSPACE: str(account.workspace_id)},
                },
                {"idempotency_key": request.idempotency_key},
            )
        except NotConnected:
            return RefundOutcome(state="failed", failure_code="not_connected")
        except BadMoney:
            return RefundOutcome(state="failed", failure_code="amount_not_taken")
        except stripe.InvalidRequestError as error:
            return RefundOutcome(state="failed", failure_code=error.code or "refused")
        except stripe.StripeError as error:
            _note(error)
            return RefundOutcome(state="unknown")
        return _refund_outcome(plain(made))

    def fetch_refund(self, account: GatewayAccount, key: str, *, charge_ref: str, at: datetime) -> RefundOutcome:
        try:
            client = self._client(account)
            for refund in client.v1.refunds.list({"payment_intent": charge_ref, "limit": PAGE}).auto_paging_iter():
                if (facts := plain(refund)).get("metadata", {}).get(KEY) == key:
                    return _refund_outcome(facts)
        except (NotConnected, stripe.StripeError) as error:
            _note(error)
            return RefundOutcome(state="unknown")
        return RefundOutcome(state="not_found")

    def detach_method(self, account: GatewayAccount, ref: str, *, at: datetime) -> None:
        if ref.startswith("cs_"):
            return
        try:
            self._client(account).v1.payment_methods.detach(_method(ref))
        except stripe.InvalidRequestError:
            return  # it was detached before
        except (NotConnected, stripe.StripeError) as error:
            raise _silent(error) from error

    def accept_dispute(self, account: GatewayAccount, ref: str, *, at: datetime) -> bool:
        try:
            self._client(account).v1.disputes.close(ref)
        except stripe.InvalidRequestError:
            return True  # it was closed before: how, the next look tells
        except (NotConnected, stripe.StripeError) as error:
            _note(error)
            return False
        return True

    def list_changes(self, account: GatewayAccount, cursor: str, *, at: datetime) -> tuple[Sequence[Change], str]:
        try:
            client = self._client(account)
            events = _events_after(client, cursor)
        except stripe.InvalidRequestError:
            # Events are kept for 30 days: after a longer silence the list begins anew.
            return [], ""
        except (NotConnected, stripe.StripeError) as error:
            _note(error)
            return [], cursor
        changes = [change for event in events if (change := _change(event["type"], event["data"]["object"]))]
        settled = [event["id"] for event in events if event["created"] <= int(at.timestamp()) - SETTLED_AFTER]
        return changes, settled[-1] if settled else cursor

    def read_message(
        self, account: GatewayAccount, headers: Mapping[str, str], body: bytes, *, at: datetime
    ) -> Message:
        secret, signature = base.keys_of(account).get("webhook_secret", ""), headers.get("Stripe-Signature", "")
        signed_at = re.search(r"(?:^|,)t=([0-9]{1,12})(?:,|$)", signature)
        if not secret or signed_at is None:
            raise BadMessage
        try:
            # The library would compare with the wall clock; the time is compared below.
            stripe.WebhookSignature.verify_header(body.decode(), signature, secret, tolerance=None)
            event = json.loads(body)
            found = Message(
                event_id=str(event["id"]),
                kind=str(event["type"]),
                change=_change(event["type"], event["data"]["object"]),
            )
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadMessage from error
        if abs(int(at.timestamp()) - int(signed_at[1])) > TOLERANCE:
            raise BadMessage(_("This message is too old."))
        if event.get("account") or bool(event.get("livemode")) != (account.mode == GatewayAccount.Mode.LIVE):
            raise BadMessage(_("This message is for another account."))
        return found

    def check(self, account: GatewayAccount, *, at: datetime) -> Connection:
        try:
            client = self._client(account)
            is_live = bool(client.v1.balance.retrieve().livemode)
            ref, name = _name_of(client)
            return Connection(is_live=is_live, ref=ref, name=name)
        except (stripe.AuthenticationError, stripe.PermissionError) as error:
            raise BadKeys(_("Stripe doesn’t accept this key."), field="secret_key") from error
        except (NotConnected, stripe.StripeError) as error:
            raise _silent(error) from error

    def _client(self, account: GatewayAccount) -> stripe.StripeClient:
        base.leave_the_house()
        key = base.keys_of(account).get("secret_key")
        if not key:
            raise NotConnected
        return stripe.StripeClient(
            key,
            stripe_version=API_VERSION,
            base_addresses={"api": self.api},
            http_client=self.http,
            # What got lost is asked for again by us, with the same key, and not within one request.
            max_network_retries=0,
        )


def plain(found: Any) -> dict[str, Any]:
    """An object of the library's as plain dictionaries and lists."""
    return dict(found.to_dict()) if found is not None else {}


def _method(ref: str) -> str:
    return ref.rpartition("/")[2]


def _saved(method: dict[str, Any]) -> SetupOutcome:
    if not method.get("customer"):
        return SetupOutcome(state="not_found", ref=method["id"])
    card = method.get(CARD) or {}
    brand = str(card.get("display_brand") or card.get("brand") or CARD)
    return SetupOutcome(
        state="usable",
        ref=f"{method['customer']}/{method['id']}",
        brand=BRANDS.get(brand, brand.replace("_", " ").title())[:20],
        last4=card.get("last4") or "",
        exp_month=card.get("exp_month"),
        exp_year=card.get("exp_year"),
    )


def _session_outcome(session: dict[str, Any]) -> SetupOutcome:
    if session["status"] == "open":
        return SetupOutcome(state="requires_action", ref=session["id"], action_url=session.get("url") or "")
    intent = session.get("setup_intent") or {}
    method = intent.get("payment_method")
    if session["status"] == "complete" and intent.get("status") == "succeeded" and method:
        return _saved({"customer": session["customer"], **method} if not method.get("customer") else method)
    _found, code = stripe_declines.classify(intent.get("last_setup_error") or {})
    return SetupOutcome(
        state="refused", ref=session["id"], decline_code="abandoned" if session["status"] == "expired" else code
    )


def _charge_outcome(intent: dict[str, Any], *, disputes: Sequence[DisputeFact] = ()) -> ChargeOutcome:
    status, ref = intent["status"], intent["id"]
    if status == "succeeded":
        return ChargeOutcome(state="succeeded", ref=ref, disputes=disputes)
    if status == "requires_action":
        url = ((intent.get("next_action") or {}).get("redirect_to_url") or {}).get("url")
        if url:
            return ChargeOutcome(state="requires_action", ref=ref, action_url=url)
        # Something that only a script of Stripe's could show: there is no page to send the payer to.
        return ChargeOutcome(
            state="declined", ref=ref, decline_class="needs_action", decline_code="authentication_required"
        )
    if status == "canceled":
        return ChargeOutcome(state="declined", ref=ref, decline_class="needs_action", decline_code="abandoned")
    if status == "requires_payment_method":
        found, code = stripe_declines.classify(intent.get("last_payment_error") or {})
        return ChargeOutcome(state="declined", ref=ref, decline_class=found, decline_code=code)
    return ChargeOutcome(state="unknown", ref=ref)


def _is_stale(intent: dict[str, Any], *, at: datetime) -> bool:
    """Made, but never confirmed, which is one request of ours: nobody will confirm it any more."""
    return bool(intent["created"] < int(at.timestamp()) - STALE_AFTER)


def _declined(error: dict[str, Any]) -> ChargeOutcome:
    found, code = stripe_declines.classify(error)
    ref = (error.get("payment_intent") or {}).get("id", "")
    return ChargeOutcome(state="declined", ref=ref, decline_class=found, decline_code=code)


def _refused(error: stripe.InvalidRequestError) -> ChargeOutcome:
    """The request was no good, so that nothing was taken. A card that isn't there any more is the usual case."""
    _note(error)
    if (error.param or "").startswith(("payment_method", "customer")):
        return ChargeOutcome(state="declined", decline_class="update_card", decline_code="card_removed")
    return ChargeOutcome(state="declined", decline_class="unknown", decline_code=error.code or "refused")


def _lost(error: Exception) -> ChargeOutcome:
    _note(error)
    return ChargeOutcome(state="unknown")


def _silent(error: Exception) -> GatewaySilent:
    _note(error)
    return GatewaySilent()


def _note(error: Exception) -> None:
    """Facts only: what the payer typed, or a key, never stands in them."""
    facts = {"error": type(error).__name__}
    if isinstance(error, stripe.StripeError):
        facts |= {"code": error.code or "", "status": str(error.http_status), "stripe_request": error.request_id or ""}
    log.warning("stripe did not do what was asked", extra=facts)


def _intent_of(client: stripe.StripeClient, key: str, method_ref: str) -> dict[str, Any] | None:
    """The PaymentIntent that bears our key, from its payer's list: unlike a search, that is never behind."""
    listed = client.v1.payment_intents.list(
        {"customer": method_ref.partition("/")[0], "limit": PAGE, "expand": ["data.latest_charge"]}
    )
    for number, intent in enumerate(listed.auto_paging_iter()):
        if (facts := plain(intent)).get("metadata", {}).get(KEY) == key:
            return facts
        if number >= MOST_CHARGES:
            break
    return None


def _disputes(client: stripe.StripeClient, intent: dict[str, Any]) -> Sequence[DisputeFact]:
    charge = intent.get("latest_charge")
    if not isinstance(charge, dict) or not charge.get("disputed"):
        return ()
    listed = client.v1.disputes.list({"payment_intent": intent["id"], "limit": PAGE})
    return tuple(_disputed(facts) for one in listed.data if not (facts := plain(one))["status"].startswith("warning_"))


def _disputed(dispute: dict[str, Any]) -> DisputeFact:
    state: Any = DISPUTES.get(dispute["status"], "open")
    amount = from_stripe(dispute["amount"], dispute["currency"])
    due_by = (dispute.get("evidence_details") or {}).get("due_by")
    return DisputeFact(
        ref=dispute["id"],
        amount=amount,
        reason=dispute.get("reason") or "",
        state=state,
        answer_by=datetime.fromtimestamp(due_by, UTC) if due_by else None,
    )


def _refund_outcome(refund: dict[str, Any]) -> RefundOutcome:
    status, ref = refund.get("status"), refund["id"]
    if status == "succeeded":
        return RefundOutcome(state="succeeded", ref=ref)
    if status in {"failed", "canceled"}:
        return RefundOutcome(state="failed", ref=ref, failure_code=refund.get("failure_reason") or str(status))
    return RefundOutcome(state="pending", ref=ref)


def _events_after(client: stripe.StripeClient, cursor: str) -> list[dict[str, Any]]:
    """Events of ours that came after a cursor, oldest first, at most MOST_CHANGES; without one, the latest of 30 days."""
    found: list[dict[str, Any]] = []
    for event in _pages(client, cursor):
        found.append(plain(event))
        if len(found) >= MOST_CHANGES:
            break
    return found if cursor else found[::-1]


def _pages(client: stripe.StripeClient, cursor: str) -> Iterator[stripe.Event]:
    """With a cursor the library goes from there towards the newest, without one from the newest back."""
    if cursor:
        params: Any = {"types": list(EVENTS), "limit": PAGE, "ending_before": cursor}
    else:
        params = {"types": list(EVENTS), "limit": PAGE}
    return client.v1.events.list(params).auto_paging_iter()


def _change(kind: str, about: Mapping[str, Any]) -> Change | None:
    """What to look up anew, or None where it isn't ours: other programs may use the same account."""
    key = str((about.get("metadata") or {}).get(KEY) or "")
    if kind.startswith("payment_intent."):
        return Change(kind="charge", key=key) if key else None
    if kind.startswith("refund."):
        return Change(kind="refund", key=key) if key else None
    if kind.startswith("charge.dispute."):
        return Change(kind="charge", ref=str(about.get("payment_intent") or ""))
    if kind.startswith("checkout.session."):
        return Change(kind="method", ref=str(about["id"])) if about.get("mode") == "setup" else None
    return None


def _name_of(client: stripe.StripeClient) -> tuple[str, str]:
    """The account's reference, and what it is called; a restricted key may not be allowed to know."""
    try:
        found = plain(client.v1.accounts.retrieve_current())
    except stripe.PermissionError:
        return "", ""
    dashboard = (found.get("settings") or {}).get("dashboard") or {}
    return found["id"], f"{dashboard.get('display_name') or ''} ({found['id']})".strip()
