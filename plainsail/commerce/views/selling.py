"""Settings → Selling: the seller's details, test cards, the test clock."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce.forms import AdvanceForm, SellerForm, TaxRateForm
from plainsail.commerce.models import Rounding, Seller, TaxRate
from plainsail.commerce.services import clocks, rates, sellers, tax_rates, taxing
from plainsail.kernel.countries import countries
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Interval, boundary, local_date
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.services.sandbox_cards import documented


@require_http_methods(["GET", "HEAD", "POST"])
@can("commerce.manage")
def selling(request: Request) -> HttpResponse:
    """Show and take the seller's details."""
    seller = sellers.of_workspace(at=request.now)
    form = SellerForm(request.POST or None, initial=details(seller))
    if not form.is_valid():
        return show(request, form=form, status=422 if form.is_bound else 200)
    sellers.change(seller, fields=form.cleaned_data)
    audit.record("commerce.seller_changed", by=cast(User, request.user), at=request.now, subject=seller.legal_name)
    messages.success(request, _("Saved. Invoices from now on carry these details."))
    return redirect(workspace_url(request.workspace, "commerce:selling"))


@require_POST
@can("commerce.manage")
def add_rate(request: Request) -> HttpResponse:
    """Set a rate of the seller's own for a country."""
    form = TaxRateForm(request.POST)
    if not form.is_valid():
        return show(request, rate_form=form, status=422)
    made = tax_rates.set_rate(form.cleaned_data["tax_country"], rate=form.cleaned_data["rate"])
    audit.record("commerce.tax_rate_set", by=cast(User, request.user), at=request.now, subject=str(made))
    messages.success(request, _("The rate holds from now on."))
    return redirect(workspace_url(request.workspace, "commerce:selling"))


@require_POST
@can("commerce.manage")
def remove_rate(request: Request, rate_id: UUID) -> HttpResponse:
    """Go back to the standard rate of a country."""
    found: TaxRate = get_object_or_404(request.workspace.tax_rates, id=rate_id)
    tax_rates.remove_rate(found)
    audit.record("commerce.tax_rate_removed", by=cast(User, request.user), at=request.now, subject=str(found))
    messages.success(request, _("The rate is removed."))
    return redirect(workspace_url(request.workspace, "commerce:selling"))


def show(
    request: Request, *, form: SellerForm | None = None, rate_form: TaxRateForm | None = None, status: int = 200
) -> HttpResponse:
    """The page, with what is wrong in one of its forms."""
    seller = sellers.of_workspace(at=request.now)
    context = {
        "form": form or SellerForm(initial=details(seller)),
        "rate_form": rate_form or TaxRateForm(),
        "seller": seller,
        "examples": [(mode, example(mode.value)) for mode in Rounding],
        **rates_of(request, seller),
    }
    return render(request, "commerce/selling.html", context, status=status)


def rates_of(request: Request, seller: Seller) -> dict[str, Any]:
    """The seller's own rates and those of the Union, by the names of countries."""
    names, day = dict(countries(get_language() or "en")), local_date(request.now, seller.timezone)
    own = request.workspace.tax_rates.order_by("country")
    return {
        "own_rates": [(rate, names.get(rate.country, rate.country)) for rate in own],
        "standard_rates": [(names[code], rates.standard(code, on=day)) for code in names if code in rates.STANDARD],
    }


def details(seller: Seller) -> dict[str, Any]:
    rate = None if seller.tax_rate is None else f"{seller.tax_rate.normalize():f}"
    return {name: getattr(seller, name) for name in SellerForm.base_fields} | {"tax_rate": rate}


def example(mode: str) -> tuple[Money, Money, Money]:
    """Net, tax and total of five tickets at €99.98 with 19 % inside: where the ways of rounding differ."""
    taxed = taxing.tax_all([taxing.Taxable(9998, Decimal(19), taxing.INCLUSIVE)] * 5, mode)
    sums = (sum(one.net for one in taxed), sum(one.tax for one in taxed), sum(one.gross for one in taxed))
    net, tax, gross = (Money(minor, "EUR") for minor in sums)
    return net, tax, gross


@require_GET
@can("commerce.manage")
def test_mode(request: Request) -> HttpResponse:
    """Cards to try things out with, and the clock to move."""
    seller = sellers.of_workspace(at=request.now)
    context: dict[str, Any] = {
        "seller": seller,
        "cards": documented(),
        "form": AdvanceForm(initial={"by": "month"}),
        "seller_now": clocks.seller_now(request.now).astimezone(ZoneInfo(seller.timezone)),
        "is_ahead": bool(clocks.ahead()),
    }
    return render(request, "commerce/test_mode.html", context)


@require_POST
@can("commerce.manage")
@outside_transaction
def advance(request: Request) -> HttpResponse:
    """Move the test clock ahead; everything that falls due in between happens."""
    form = AdvanceForm(request.POST)
    if form.is_valid():
        with workspace(request.workspace):
            seller = sellers.of_workspace(at=request.now)
            to = later(clocks.seller_now(request.now), form.cleaned_data["by"], seller.timezone)
        steps = clocks.advance(request.workspace.pk, to=to, at=request.now)
        with workspace(request.workspace):
            audit.record("commerce.clock_moved", by=cast(User, request.user), at=request.now, subject=to.isoformat())
        done = ngettext("%(steps)d thing fell due.", "%(steps)d things fell due.", steps) % {"steps": steps}
        messages.success(request, _("The clock is moved.") + " " + done)
    return redirect(workspace_url(request.workspace, "commerce:test_mode"))


def later(moment: datetime, by: Any, zone: str) -> datetime:
    """The same time of day so much later, by the calendar of a zone."""
    local = moment.astimezone(ZoneInfo(zone))
    day: date = boundary(local_date(moment, zone), Interval(by), 1)
    return datetime.combine(day, time(local.hour, local.minute, local.second), tzinfo=ZoneInfo(zone))
