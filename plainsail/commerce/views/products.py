"""Products, their prices and checkout pages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.accounts.services import audit, hosts
from plainsail.commerce import queries
from plainsail.commerce.forms import OfferForm, ProductForm
from plainsail.commerce.models import Offer, Product
from plainsail.commerce.price_forms import NewProductForm, PriceForm
from plainsail.commerce.services import catalogue, terms
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, public_path, workspace_url


@require_GET
@can("commerce.view")
def products(request: Request) -> HttpResponse:
    """What is for sale."""
    offers = offers_by_product(request)
    rows = [(one, offers.get(one.id, [])) for one in queries.products_with_sales(request.workspace)]
    return render(request, "commerce/products.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@can("commerce.change")
def new_product(request: Request) -> HttpResponse:
    """A product with its first price; its checkout page is open at once."""
    form = NewProductForm(request.POST or None, currency=request.workspace.currency)
    if not form.is_valid():
        return render(request, "commerce/new_product.html", {"form": form}, status=422 if form.is_bound else 200)
    words = {name: form.cleaned_data[name] for name in ("name", "description", "tax_rate", "supply")}
    made = catalogue.create_product(terms=form.terms, at=request.now, **words)
    note(request, "commerce.product_created", made)
    messages.success(request, _("“%(name)s” can be bought now. Copy its link below.") % {"name": made.name})
    return redirect(workspace_url(request.workspace, "commerce:product", made.id))


@require_GET
@can("commerce.view")
def product(request: Request, product_id: UUID) -> HttpResponse:
    """A product, its prices and their checkout links."""
    return show(request, find(request, product_id))


@require_POST
@can("commerce.change")
def edit_product(request: Request, product_id: UUID) -> HttpResponse:
    """Change its words and tax."""
    found = find(request, product_id)
    form = ProductForm(request.POST)
    if not form.is_valid():
        return show(request, found, form=form, status=422)
    catalogue.change_product(found, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect(workspace_url(request.workspace, "commerce:product", found.id))


@require_POST
@can("commerce.change")
def add_price(request: Request, product_id: UUID) -> HttpResponse:
    """Another price, with a checkout page of its own."""
    found = find(request, product_id)
    form = PriceForm(request.POST, currency=request.workspace.currency)
    if not form.is_valid():
        return show(request, found, price_form=form, status=422)
    catalogue.add_price(found, terms=form.terms, at=request.now)
    messages.success(request, _("The price is added, with a checkout page of its own."))
    return redirect(workspace_url(request.workspace, "commerce:product", found.id))


@require_POST
@can("commerce.change")
def price_words(request: Request) -> HttpResponse:
    """What a price as it is typed means for whoever buys it. Keeps nothing."""
    form = PriceForm(request.POST, currency=request.workspace.currency)
    return render(request, "commerce/price_fields.html#words", {"form": form})


@require_POST
@can("commerce.change")
def archive(request: Request, product_id: UUID) -> HttpResponse:
    """Take it off sale; can be undone."""
    found = find(request, product_id)
    catalogue.archive(found, at=request.now)
    note(request, "commerce.product_archived", found)
    undo = workspace_url(request.workspace, "commerce:restore_product", found.id)
    messages.success(request, _("“%(name)s” is off sale.") % {"name": found.name}, extra_tags=f"undo:{undo}")
    return redirect(workspace_url(request.workspace, "commerce:products"))


@require_POST
@can("commerce.change")
def restore(request: Request, product_id: UUID) -> HttpResponse:
    """Undo the archiving."""
    found = find(request, product_id)
    catalogue.restore(found, at=request.now)
    return redirect(workspace_url(request.workspace, "commerce:product", found.id))


@require_POST
@can("commerce.change")
def offer(request: Request, offer_id: UUID) -> HttpResponse:
    """Change a checkout page's address, or close or open it."""
    found = get_object_or_404(request.workspace.offers.select_related("price__product"), id=offer_id)
    form = OfferForm(request.POST)
    if not form.is_valid():
        return show(request, found.price.product, offer_form=(found.id, form), status=422)
    try:
        catalogue.change_offer(found, **form.cleaned_data, at=request.now)
    except Refusal as refusal:
        form.add_error(refusal.field, str(refusal))
        return show(request, found.price.product, offer_form=(found.id, form), status=422)
    messages.success(request, _("Saved."))
    return redirect(workspace_url(request.workspace, "commerce:product", found.price.product_id))


def find(request: Request, product_id: UUID) -> Product:
    """A product of this business. Raises Http404."""
    return cast(Product, get_object_or_404(request.workspace.products, id=product_id))


def note(request: Request, action: str, found: Product) -> None:
    audit.record(action, by=cast(User, request.user), at=request.now, subject=found.name, subject_id=found.id)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A checkout page: its offer, the price in words, and the address to hand out."""

    offer: Offer
    words: str
    url: str


def offers_by_product(request: Request, **conditions: Any) -> dict[UUID, list[Page]]:
    """Checkout pages by their product's id, oldest first. One query."""
    offers = request.workspace.offers.filter(**conditions).select_related("price").order_by("created_at", "id")
    pages: dict[UUID, list[Page]] = defaultdict(list)
    for one in offers:
        url = hosts.public_url(request.workspace, public_path("commerce:checkout", one.slug))
        pages[one.price.product_id].append(Page(offer=one, words=terms.sentence(one.price, one.price.amount), url=url))
    return pages


def show(
    request: Request,
    found: Product,
    *,
    form: ProductForm | None = None,
    price_form: PriceForm | None = None,
    offer_form: tuple[UUID, OfferForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    wrong = dict([offer_form] if offer_form else [])
    pages = offers_by_product(request, price__product=found).get(found.id, [])
    initial = {name: getattr(found, name) for name in ("name", "description", "tax_rate", "supply")}
    context = {
        "product": found,
        "pages": [(page, wrong.get(page.offer.id) or OfferForm(initial=initial_of(page.offer))) for page in pages],
        "form": form or ProductForm(initial=initial),
        "price_form": price_form or PriceForm(currency=request.workspace.currency),
    }
    return render(request, "commerce/product.html", context, status=status)


def initial_of(offer: Offer) -> dict[str, Any]:
    return {"slug": offer.slug, "is_live": offer.is_live}
