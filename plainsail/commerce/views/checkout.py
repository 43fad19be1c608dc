"""The checkout: one page, one button. Nothing that the browser sends decides what is paid."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from plainsail.commerce import queries
from plainsail.commerce.forms import CheckoutForm
from plainsail.commerce.models import Offer, Order, Seller
from plainsail.commerce.services import checkout as purchases
from plainsail.commerce.services import (
    clocks,
    leading,
    one_click,
    places,
    rates,
    receipts,
    sellers,
    terms,
    transfer_orders,
    vat_checks,
)
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.checkout import Attempt, Progress, StaleAttempt, TooManyTries, TotalChanged, Trace
from plainsail.commerce.services.leading import NOBODY, Led
from plainsail.commerce.services.places import Named
from plainsail.commerce.services.vat import Ruling
from plainsail.commerce.sockets import AFTER_PURCHASE, BOUGHT
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, client_ip, public, public_path, visitor_of
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.kernel.throttle import Throttle
from plainsail.pages.services import countdowns
from plainsail.payments.services import accounts
from plainsail.payments.services.charging import ChargeUnderway
from plainsail.payments.services.methods import CardRefused
from plainsail.payments.services.transfers import BankAccount

REFUSALS = Throttle(purpose="commerce.card_refused", limit=20)
"""Cards refused from one network address within an hour: enough for a full wallet, too few to try out stolen ones."""
ASKED = Throttle(purpose="commerce.vat_asked", limit=30)
"""VAT ids asked about from one network address within an hour; beyond it an id waits, as if VIES were silent."""


@dataclass(frozen=True, kw_only=True)
class Sale:
    """An offer as it is sold at this moment, in the page's language."""

    offer: Offer
    seller: Seller
    at: datetime
    """The seller's time."""
    quote: terms.Quote
    named: Named
    """Who buys, as far as they have said."""
    terms: str
    sentence: str
    bank: BankAccount | None
    """Where money may be sent instead of paying by card."""
    led: Led = NOBODY
    """On whose behalf it is bought."""

    @property
    def needs_card(self) -> bool:
        return bool(self.quote.today) or self.offer.price.begins_contract

    @property
    def types_card(self) -> bool:
        """Whether the card is typed into our page; otherwise the gateway's own asks for it."""
        return self.needs_card and accounts.takes_card_fields(self.seller.gateway_account)

    @property
    def takes_transfer(self) -> bool:
        """Whether the buyer may choose to pay by bank transfer."""
        return self.needs_card and self.bank is not None

    @property
    def takes_vat_id(self) -> bool:
        return places.takes_vat_ids(self.seller)

    @property
    def ruling(self) -> Ruling:
        """How it is taxed, by what the buyer has said."""
        return self.quote.each.lines[0].ruling

    @property
    def depends_on_buyer(self) -> bool:
        """Whether a country or a VAT id could change the total."""
        charges = self.seller.tax_rate or self.seller.has_oss or places.takes_vat_ids(self.seller)
        return self.seller.country in rates.STANDARD and bool(charges)


@never_cache
@sensitive_post_parameters("number", "expiry", "cvc")
@require_http_methods(["GET", "HEAD", "POST"])
@public
@outside_transaction
def checkout(request: Request, slug: str) -> HttpResponse:
    """Show the page, and take the order."""
    sale = find_sale(request, slug)
    if request.method == "POST":
        return take(request, sale)
    token = request.GET.get("again", "")
    tried = find_order(request, token) if token else None
    if tried is not None and not tried.is_open:
        return redirect("commerce:receipt" if tried.is_paid else "commerce:payment", token)
    if tried is not None:
        sale = find_sale(request, slug, named=places.of_order(tried))
    elif "more" not in request.GET and (bought := just_bought(request, sale)):
        again = urlencode({**request.GET.dict(), "more": "1"})
        return render(request, "commerce/bought.html", {"sale": sale, "token": bought, "again": again})
    return show(request, sale, form_of(sale, initial=beginning(sale, tried)))


def just_bought(request: Request, sale: Sale) -> str:
    """The receipt's token where this browser paid for this very thing within the hour, else "".

    Whoever goes back from the receipt would find a new form, filled in by the browser with their card and all, and pay twice.
    """
    if BOUGHT not in request.COOKIES:
        return ""
    with workspace(request.workspace):
        order = one_click.recall(request.COOKIES[BOUGHT])
        is_this = order is not None and (order.offer_id, order.bought_for) == (sale.offer.id, sale.led.bought_for)
        return receipts.token_of(order) if order is not None and is_this else ""


def take(request: Request, sale: Sale) -> HttpResponse:
    """Go on with what was entered, or say at the field what is wrong with it."""
    form = form_of(sale, request.POST)
    form.full_clean()
    if not form.has_deciding_errors:
        sale = identify(request, sale, form)
    if "recalculate" in request.POST:
        is_good = form.judge_only_what_decides()
        return show(request, sale, form, status=200 if is_good else 422, has_news=True)
    if form.is_valid():
        return try_to_buy(request, sale, form)
    return show(request, sale, form, status=422)


def try_to_buy(request: Request, sale: Sale, form: CheckoutForm) -> HttpResponse:
    """Buy, or say what stands in the way."""
    try:
        return buy(request, sale, form)
    except CardRefused as refused:
        REFUSALS.spend(client_ip(request), at=request.now)
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
        return show(request, sale, form, status=422)
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        is_stale, has_news = isinstance(refusal, StaleAttempt), isinstance(refusal, TotalChanged)
        return show(request, sale, form, status=refusal.status, is_stale=is_stale, has_news=has_news)


def identify(request: Request, sale: Sale, form: CheckoutForm) -> Sale:
    """The sale to whoever is named in the form. VIES is asked about their id, and its no is said at the field."""
    named = Named(**{name: getattr(form.buyer, name) for name in ("name", "company", "country", "vat_id")})
    if places.is_asked(sale.seller, named) and not ASKED.is_spent(client_ip(request), at=request.now):
        ASKED.spend(client_ip(request), at=request.now)
        if vat_checks.ask(request.workspace.pk, named.vat_id, at=sale.at) == "invalid":
            form.add_error(
                "vat_id",
                _("The EU’s register doesn’t know this VAT id. Correct it, or leave it empty to buy as a consumer."),
            )
            named = replace(named, vat_id="")
    return find_sale(request, sale.offer.slug, named=named)


def form_of(sale: Sale, *args: Any, **kwargs: Any) -> CheckoutForm:
    facts = {
        "needs_card": sale.types_card,
        "takes_transfer": sale.takes_transfer,
        "takes_vat_id": sale.takes_vat_id,
        "needs_country": sale.depends_on_buyer,
    }
    return CheckoutForm(*args, **facts, **kwargs)


@never_cache
@require_safe
@public
@outside_transaction
def payment(request: Request, token: str) -> HttpResponse:
    """Where a buyer lands after the bank's check, or while the outcome isn't known. Asks the gateway; charges nothing."""
    order = find_order(request, token)
    with workspace(request.workspace):
        at, there = clocks.seller_now(request.now), purchases.way_out(order)
    if "go" in request.GET and there:
        return render(request, "commerce/leaving.html", {"url": there})
    progress = purchases.proceed(request.workspace.pk, order.pk, at=at)
    if progress.state in {"paid", "action"}:
        return go_on(request, order, progress, token)
    if progress.state == "transfer":
        return redirect("commerce:transfer", token)
    context = {"order": order, "progress": progress, "token": token}
    return render(request, "commerce/payment.html", context)


def buy(request: Request, sale: Sale, form: CheckoutForm) -> HttpResponse:
    """Place the order and pay it. Raises Refusal, CardRefused."""
    if REFUSALS.is_spent(client_ip(request), at=request.now):
        raise TooManyTries
    attempt = purchases.read_attempt(form.cleaned_data["attempt"], sale.offer)
    try:
        order, token = place(request, sale, form, attempt=attempt)
        progress = pay(request, order, token, form, at=sale.at)
    except ChargeUnderway:
        # The same form came twice. Whoever was first is at work; this one waits for what comes of it.
        return await_other(request, attempt.order_id.hex)
    if progress.state == "declined":
        raise CardRefused("number", progress.words)
    return go_on(request, order, progress, token)


def pay(request: Request, order: Order, token: str, form: CheckoutForm, *, at: datetime) -> Progress:
    """Charge the card, or say where to send the money. Raises Refusal, CardRefused."""
    if form.by_transfer:
        return transfer_orders.ask(request.workspace.pk, order.pk, at=at)
    back = public_path("commerce:payment", token)
    return purchases.pay(request.workspace.pk, order.pk, fields=form.card, return_path=back, at=at)


def place(request: Request, sale: Sale, form: CheckoutForm, *, attempt: Attempt) -> tuple[Order, str]:
    """The order, and the token that names it in addresses."""
    trace = Trace(ip=client_ip(request), user_agent=request.headers.get("User-Agent", ""), came_by=led_here(request))
    with workspace(request.workspace):
        order = purchases.place(
            sale.offer,
            attempt=attempt,
            buyer=form.buyer,
            trace=trace,
            bought_for=sale.led.bought_for,
            at=sale.at,
        )
        return order, receipts.token_of(order)


def led_here(request: Request) -> UUID | None:
    """What the address says that led here; nothing where it says no id."""
    with suppress(ValueError):
        return UUID(request.GET.get(leading.BY, ""))
    return None


def await_other(request: Request, order_id: str) -> HttpResponse:
    with workspace(request.workspace):
        order = request.workspace.orders.filter(id=order_id).first()
        if order is None:
            raise StaleAttempt
        return redirect("commerce:payment", receipts.token_of(order))


def go_on(request: Request, order: Order, progress: Progress, token: str) -> HttpResponse:
    """To where somebody leads on from here or to the receipt, to the bank, or to where one waits.

    To another site only from a page of its own: a browser lets no form lead there that may only lead to us (`form-action`).
    """
    if progress.state == "action" and "://" in progress.url:
        return redirect(f"{public_path('commerce:payment', token)}?go=1")
    if progress.state == "action":
        return redirect(progress.url)
    if progress.state != "paid":
        return redirect("commerce:payment", token)
    with workspace(request.workspace):
        onward = next((path for lead in AFTER_PURCHASE if (path := lead(order))), None)
    response = redirect(onward) if onward else redirect("commerce:receipt", token)
    remember(request, response, order)
    return response


def remember(request: Request, response: HttpResponse, order: Order) -> None:
    """Have the browser say for an hour that it has just paid this order: its card may then be used once more by one button."""
    response.set_cookie(
        BOUGHT,
        one_click.remembered(order),
        max_age=one_click.FOR,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )


def find_sale(request: Request, slug: str, *, named: Named | None = None) -> Sale:
    """The offer of a slug, if it is sold now; to somebody, or to a consumer at home.

    Raises Http404, SellerClosing, TimeIsUp where a countdown closes it for this visitor.
    """
    with workspace(request.workspace):
        offer = queries.offer_on_sale(request.workspace, slug)
        if offer is None:
            raise Http404
        countdowns.refuse_if_over(offer.id, visitor_id=visitor_of(request), at=request.now)
        sale = sale_to(named, offer=offer, at=clocks.seller_now(request.now))
        return replace(sale, led=led_by(request, offer))


def led_by(request: Request, offer: Offer) -> Led:
    """On whose behalf the address has it bought; an order that is tried again says it itself. In the workspace.

    Raises Http404 for an address that says nothing true: nobody is to pay for another thing than they were led to.
    """
    token, again = request.GET.get("for", ""), request.GET.get("again", "")
    try:
        if token:
            return leading.read(token, offer)
        tried = receipts.subject_of(again) if again else None
    except (BadToken, KeyError) as error:
        raise Http404 from error
    return Led(tried.bought_for) if isinstance(tried, Order) else NOBODY


def sale_to(named: Named | None, *, offer: Offer, at: datetime) -> Sale:
    """An offer as it is sold to somebody at a moment of the seller's time. Raises SellerClosing."""
    seller, who = sellers.selling(at=at), Named()
    if named is not None:
        typed = Buyer(email="", name="", country=named.country, vat_id=named.vat_id)
        who = purchases.identified(typed, seller=seller, at=at)
    quote = terms.quote(offer.price, seller=seller, at=at, place=purchases.place_of(who, seller=seller, at=at))
    return Sale(
        offer=offer,
        seller=seller,
        at=at,
        quote=quote,
        named=who,
        terms=purchases.agreed_text(quote, seller=seller, name=offer.name, named=who),
        sentence=terms.sentence_of(quote),
        bank=transfer_orders.offered(seller),
    )


def find_order(request: Request, token: str) -> Order:
    """The order of a receipt's token, in this business. Raises Http404."""
    with workspace(request.workspace):
        try:
            found = receipts.subject_of(token)
        except BadToken as error:
            raise Http404 from error
    if not isinstance(found, Order):
        raise Http404
    return found


def beginning(sale: Sale, order: Order | None) -> dict[str, str]:
    """What a fresh form starts with; `?again=` takes up an order that wasn't paid."""
    if order is None or order.offer_id != sale.offer.id:
        known = {name: value for name, value in sale.led.known if value}
        attempt = purchases.new_attempt(sale.offer, terms=sale.terms)
        return {"attempt": attempt, "country": sale.seller.country, **known}
    attempt = purchases.new_attempt(sale.offer, terms=sale.terms, order_id=order.id)
    names = ("email", "name", "company", "country", "vat_id")
    return {"attempt": attempt, **{name: getattr(order, name) for name in names}}


def show(
    request: Request,
    sale: Sale,
    form: CheckoutForm,
    *,
    status: int = 200,
    is_stale: bool = False,
    has_news: bool = False,
) -> HttpResponse:
    """The page. A card's number is never sent back; the same order goes on under the total that is shown now."""
    if form.is_bound:
        needs_new = is_stale or form.has_error("attempt")
        form.to_show_again(attempt=renewed(sale, form, is_new=needs_new) if needs_new or has_news else "")
    context = {"sale": sale, "form": form, "button": terms.button(sale.quote)}
    return render(request, "commerce/checkout.html", context, status=status)


def renewed(sale: Sale, form: CheckoutForm, *, is_new: bool) -> str:
    """A form's token under the terms as they are shown now."""
    order_id = None
    if not is_new:
        with suppress(StaleAttempt):
            order_id = purchases.read_attempt(form.data.get("attempt", ""), sale.offer).order_id
    return purchases.new_attempt(sale.offer, terms=sale.terms, order_id=order_id)
