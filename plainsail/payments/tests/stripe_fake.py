"""Stripe's API as far as we use it, over real HTTP on this machine: the mock stands at the vendor's network edge.

It refuses every parameter that the vendor's own library doesn't know for that call, and what it answers has only fields that
the library's classes have (`test_stripe_fake.py`), so that it can't drift into a Stripe of our own making.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from stripe import params

KEY, SECRET = "sk_test_fakefakefake", "whsec_fakefakefake"
PAYS, DECLINED, CHECKED, INSUFFICIENT = "4242424242424242", "4000000000000341", "4000002760003184", "4000000000009995"
DUE_BY = 1765000000
CHARGE_DECLINES = {
    DECLINED: {"code": "card_declined", "decline_code": "generic_decline"},
    INSUFFICIENT: {"code": "card_declined", "decline_code": "insufficient_funds"},
}
NEEDS_PAYER = {"code": "authentication_required", "decline_code": "authentication_required"}


class Refused(Exception):
    def __init__(self, status: int, error: dict[str, Any]) -> None:
        self.status, self.error = status, error


def bad(code: str | None = None, param: str | None = None, *, status: int = 400) -> Refused:
    error = {"type": "invalid_request_error", "message": f"{code}: {param}", "code": code, "param": param}
    return Refused(status, {key: value for key, value in error.items() if value})


class FakeStripe:
    """One account's world. `lose` drops the next answer on the floor after acting, `fail` answers 500 before acting."""

    def __init__(self, *, now: int, is_live: bool = False) -> None:
        self.now, self.is_live = now, is_live
        self.objects: dict[str, dict[str, Any]] = {}
        self.remembered: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        self.calls: list[tuple[str, str, dict[str, Any], dict[str, str]]] = []
        self.numbers: dict[str, str] = {}
        self.lose = self.down = False
        self.keys = {KEY}
        self.account = "acct_fake1"
        self._count = 0
        self._lock = threading.RLock()
        self.url = self.url_padding = ""

    def enter_card(self, session_id: str, number: str = PAYS) -> None:
        """The payer types a card on the hosted page."""
        session = self.objects[session_id]
        method = self.put(
            "pm_",
            object="payment_method",
            type="card",
            customer=session["customer"],
            metadata={},
            card={"brand": "visa", "display_brand": "visa", "last4": number[-4:], "exp_month": 4, "exp_year": 2030},
        )
        self.numbers[method["id"]] = number
        intent = self.objects[session["setup_intent"]]
        intent |= {"status": "succeeded", "payment_method": method["id"]}
        session |= {"status": "complete", "url": None}
        self.tell("checkout.session.completed", session)

    def leave_page(self, session_id: str) -> None:
        """The session runs out."""
        session = self.objects[session_id]
        session |= {"status": "expired", "url": None}
        self.tell("checkout.session.expired", session)

    def authenticate(self, intent_id: str, *, is_approved: bool = True) -> None:
        """The payer answers the bank."""
        intent = self.objects[intent_id]
        intent["next_action"] = None
        if is_approved:
            self._succeed(intent)
        else:
            error = {"type": "invalid_request_error", "code": "payment_intent_authentication_failure"}
            intent |= {"status": "requires_payment_method", "last_payment_error": error}
            self.tell("payment_intent.payment_failed", intent)

    def dispute(self, intent_id: str, *, status: str = "needs_response", amount: int | None = None) -> dict[str, Any]:
        intent = self.objects[intent_id]
        self.objects[intent["latest_charge"]]["disputed"] = True
        made = self.put(
            "du_",
            object="dispute",
            amount=amount or intent["amount"],
            currency=intent["currency"],
            charge=intent["latest_charge"],
            payment_intent=intent_id,
            reason="fraudulent",
            status=status,
            evidence_details={"due_by": DUE_BY, "has_evidence": False, "past_due": False, "submission_count": 0},
            metadata={},
        )
        self.tell("charge.dispute.created", made)
        return made

    def decide(self, dispute: dict[str, Any], status: str) -> None:
        dispute["status"] = status
        self.tell("charge.dispute.closed", dispute)

    def settle_refund(self, refund_id: str, status: str, reason: str | None = None) -> None:
        self.objects[refund_id] |= {"status": status, "failure_reason": reason}
        self.tell("refund.failed" if status == "failed" else "refund.updated", self.objects[refund_id])

    def tell(self, kind: str, about: dict[str, Any]) -> dict[str, Any]:
        snapshot = json.loads(json.dumps(about))
        return self.put("evt_", object="event", type=kind, data={"object": snapshot}, livemode=self.is_live)

    def signed(self, event: dict[str, Any], *, at: int | None = None, secret: str = SECRET) -> tuple[bytes, str]:
        """A message and its signature header ("Check webhook signatures", manual verification)."""
        return sign(json.dumps(event).encode(), at=at or self.now, secret=secret)

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        found = [one for one in self.objects.values() if one["object"] == "event"]
        return [one for one in found if not kinds or one["type"] in kinds]

    def put(self, prefix: str, **facts: Any) -> dict[str, Any]:
        self._count += 1
        made = {"id": f"{prefix}fake{self._count:06}", "created": self.now, **facts}
        self.objects[made["id"]] = made
        return made

    def get(self, key: str, param: str | None = None) -> dict[str, Any]:
        if key not in self.objects:
            raise bad("resource_missing", param, status=404 if param is None else 400)
        return self.objects[key]

    def listed(self, kind: str, params: dict[str, Any], **wanted: Any) -> dict[str, Any]:
        """Newest first; pages by `starting_after` and `ending_before` ("Pagination")."""
        rows = [one for one in self.objects.values() if one["object"] == kind]
        rows = [one for one in rows if all(one.get(name) == value for name, value in wanted.items())][::-1]
        limit, ids = int(params.get("limit", 10)), [one["id"] for one in rows]
        start, has_more = 0, len(rows) > limit
        if after := params.get("starting_after"):
            start = ids.index(after) + 1
            has_more = len(rows) > start + limit
        if before := params.get("ending_before"):
            if before not in ids:
                raise bad("resource_missing", "ending_before")
            end = ids.index(before)
            start, has_more = max(0, end - limit), end > limit
            rows = rows[:end]
        return {"object": "list", "url": f"/v1/{kind}s", "has_more": has_more, "data": rows[start : start + limit]}

    def answer(self, method: str, path: str, params: dict[str, Any], headers: dict[str, str]) -> tuple[int, Any]:
        with self._lock:
            self.calls.append((method, path, params, headers))
            if headers.get("authorization", "").removeprefix("Bearer ") not in self.keys:
                return 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}
            if self.down:
                return 500, {"error": {"type": "api_error", "message": "Something is wrong on our side"}}
            key = (path, headers.get("idempotency-key", ""))
            if key[1] and key in self.remembered:
                status, body = self.remembered[key]
            else:
                status, body = self._perform(method, path, params)
                if key[1]:
                    self.remembered[key] = (status, json.loads(json.dumps(body)))
        if self.lose:
            self.lose = False
            raise ConnectionAbortedError
        return status, body

    def _perform(self, method: str, path: str, params: dict[str, Any]) -> tuple[int, Any]:
        for verb, pattern, name, known in ROUTES:
            if verb == method and (found := re.fullmatch(pattern, path)):
                try:
                    refuse_unknown(params, known)
                    return 200, getattr(self, name)(params, *found.groups())
                except Refused as refused:
                    return refused.status, {"error": refused.error}
        return 404, {"error": {"type": "invalid_request_error", "message": f"Unrecognized request URL {path}"}}

    def create_customer(self, params: dict[str, Any]) -> dict[str, Any]:
        return self.put("cus_", object="customer", metadata=params.get("metadata", {}))

    def create_session(self, params: dict[str, Any]) -> dict[str, Any]:
        self.get(params["customer"], "customer")
        intent = self.put(
            "seti_",
            object="setup_intent",
            status="requires_payment_method",
            payment_method=None,
            customer=params["customer"],
            metadata=params.get("setup_intent_data", {}).get("metadata", {}),
            last_setup_error=None,
        )
        session = self.put(
            "cs_test_",
            object="checkout.session",
            mode=params["mode"],
            status="open",
            customer=params["customer"],
            setup_intent=intent["id"],
            success_url=params["success_url"],
            cancel_url=params.get("cancel_url"),
            metadata=params.get("metadata", {}),
        )
        session["url"] = f"{self.url}/pay/{session['id']}{self.url_padding}"
        return session

    def read_session(self, params: dict[str, Any], key: str) -> dict[str, Any]:
        session = dict(self.get(key))
        if "setup_intent.payment_method" in params.get("expand", []):
            intent = dict(self.objects[session["setup_intent"]])
            if intent["payment_method"]:
                intent["payment_method"] = self.objects[intent["payment_method"]]
            session["setup_intent"] = intent
        return session

    def read_method(self, params: dict[str, Any], key: str) -> dict[str, Any]:
        return self.get(key)

    def detach_method(self, params: dict[str, Any], key: str) -> dict[str, Any]:
        method = self.get(key)
        if method["customer"] is None:
            raise bad(None, "payment_method")
        method["customer"] = None
        return method

    def create_intent(self, params: dict[str, Any]) -> dict[str, Any]:
        method = self.get(params["payment_method"], "payment_method")
        if method["customer"] != params["customer"]:
            raise bad(None, "payment_method")
        if params["currency"] == "isk" and int(params["amount"]) % 100:
            raise bad("invalid_charge_amount_no_decimal_compatible", "amount")
        intent = self.put(
            "pi_",
            object="payment_intent",
            amount=int(params["amount"]),
            currency=params["currency"],
            customer=params["customer"],
            payment_method=params["payment_method"],
            metadata=params.get("metadata", {}),
            description=params.get("description"),
            status="requires_confirmation",
            latest_charge=None,
            last_payment_error=None,
            next_action=None,
        )
        number = self.numbers[method["id"]]
        if number in CHARGE_DECLINES:
            self._decline(intent, CHARGE_DECLINES[number])
        if number == CHECKED:
            if params.get("off_session") == "true":
                self._decline(intent, NEEDS_PAYER)
            url = f"{self.url}/authenticate/{intent['id']}"
            action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": params["return_url"]}}
            intent |= {"status": "requires_action", "next_action": action}
            return intent
        self._succeed(intent)
        return intent

    def _succeed(self, intent: dict[str, Any]) -> None:
        charge = self.put("ch_", object="charge", amount=intent["amount"], disputed=False, payment_intent=intent["id"])
        intent |= {"status": "succeeded", "latest_charge": charge["id"]}
        self.tell("payment_intent.succeeded", intent)

    def _decline(self, intent: dict[str, Any], why: dict[str, str]) -> None:
        error = {"type": "card_error", "message": "Your card was declined.", **why}
        intent |= {"status": "requires_payment_method", "last_payment_error": error}
        self.tell("payment_intent.payment_failed", intent)
        raise Refused(402, {**error, "payment_intent": json.loads(json.dumps(intent))})

    def list_intents(self, params: dict[str, Any]) -> dict[str, Any]:
        found = self.listed("payment_intent", params, customer=params["customer"])
        if "data.latest_charge" in params.get("expand", []):
            found["data"] = [
                {**one, "latest_charge": self.objects.get(one["latest_charge"] or "")} for one in found["data"]
            ]
        return found

    def cancel_intent(self, params: dict[str, Any], key: str) -> dict[str, Any]:
        intent = self.get(key)
        if intent["status"] in {"succeeded", "canceled"}:
            raise bad("payment_intent_unexpected_state", "intent")
        intent |= {"status": "canceled", "cancellation_reason": params.get("cancellation_reason"), "next_action": None}
        self.tell("payment_intent.canceled", intent)
        return intent

    def create_refund(self, params: dict[str, Any]) -> dict[str, Any]:
        intent = self.get(params["payment_intent"], "payment_intent")
        if intent["status"] != "succeeded":
            raise bad("payment_intent_unexpected_state", "payment_intent")
        gone = sum(one["amount"] for one in self._refunds_of(intent) if one["status"] not in {"failed", "canceled"})
        if gone + int(params["amount"]) > intent["amount"]:
            raise bad("charge_already_refunded" if gone >= intent["amount"] else None, "amount")
        made = self.put(
            "re_",
            object="refund",
            amount=int(params["amount"]),
            currency=intent["currency"],
            payment_intent=intent["id"],
            status="succeeded",
            failure_reason=None,
            metadata=params.get("metadata", {}),
        )
        self.tell("refund.created", made)
        return made

    def _refunds_of(self, intent: dict[str, Any]) -> list[dict[str, Any]]:
        found = [one for one in self.objects.values() if one["object"] == "refund"]
        return [one for one in found if one["payment_intent"] == intent["id"]]

    def list_refunds(self, params: dict[str, Any]) -> dict[str, Any]:
        return self.listed("refund", params, payment_intent=self.get(params["payment_intent"])["id"])

    def list_disputes(self, params: dict[str, Any]) -> dict[str, Any]:
        return self.listed("dispute", params, payment_intent=params["payment_intent"])

    def close_dispute(self, params: dict[str, Any], key: str) -> dict[str, Any]:
        """“Closing the dispute for a charge indicates that you do not have any evidence to submit and are essentially

        dismissing the dispute, acknowledging it as lost” (API reference)."""
        dispute = self.get(key)
        if dispute["status"] in {"won", "lost"}:
            raise bad("dispute_already_closed", "dispute")
        self.decide(dispute, "lost")
        return dispute

    def list_events(self, params: dict[str, Any]) -> dict[str, Any]:
        return self.listed("event", params)

    def read_balance(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"object": "balance", "livemode": self.is_live, "available": [], "pending": []}

    def read_account(self, params: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self.account,
            "object": "account",
            "settings": {"dashboard": {"display_name": "Juniper Pottery Studio", "timezone": "Europe/Berlin"}},
        }


ROUTES = (
    ("POST", r"/v1/customers", "create_customer", params.CustomerCreateParams),
    ("POST", r"/v1/checkout/sessions", "create_session", params.checkout.SessionCreateParams),
    ("GET", r"/v1/checkout/sessions/(\w+)", "read_session", params.checkout.SessionRetrieveParams),
    ("GET", r"/v1/payment_methods/(\w+)", "read_method", params.PaymentMethodRetrieveParams),
    ("POST", r"/v1/payment_methods/(\w+)/detach", "detach_method", params.PaymentMethodDetachParams),
    ("POST", r"/v1/payment_intents", "create_intent", params.PaymentIntentCreateParams),
    ("GET", r"/v1/payment_intents", "list_intents", params.PaymentIntentListParams),
    ("POST", r"/v1/payment_intents/(\w+)/cancel", "cancel_intent", params.PaymentIntentCancelParams),
    ("POST", r"/v1/refunds", "create_refund", params.RefundCreateParams),
    ("GET", r"/v1/refunds", "list_refunds", params.RefundListParams),
    ("GET", r"/v1/disputes", "list_disputes", params.DisputeListParams),
    ("POST", r"/v1/disputes/(\w+)/close", "close_dispute", params.DisputeCloseParams),
    ("GET", r"/v1/events", "list_events", params.EventListParams),
    ("GET", r"/v1/balance", "read_balance", params.BalanceRetrieveParams),
    ("GET", r"/v1/account", "read_account", params.AccountRetrieveCurrentParams),
)


def refuse_unknown(params: dict[str, Any], known: Any) -> None:
    """Stripe answers 400 to a parameter that it doesn't know."""
    for name in params:
        if name not in known.__annotations__:
            raise bad("parameter_unknown", name)


def sign(body: bytes, *, at: int, secret: str = SECRET) -> tuple[bytes, str]:
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={at},v1={digest}"


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][0]=c` as `{"a": {"b": ["c"]}}`, the way the library writes forms and queries."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        keys = re.findall(r"[^\[\]]+", name)
        place: Any = found
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    return as_lists(found)


def as_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: as_lists(one) for key, one in value.items()}
    return list(inner.values()) if inner and all(key.isdigit() for key in inner) else inner


@contextmanager
def serving(fake: FakeStripe):
    """Serve a fake on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            split = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            params = nested(parse_qsl(split.query) + parse_qsl(body))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                status, answer = fake.answer(self.command, split.path, params, headers)
            except ConnectionAbortedError:
                self.close_connection = True
                return
            raw = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.send_header("Request-Id", "req_fake")
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_DELETE = handle_one  # noqa: N815  # the names that http.server calls

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
