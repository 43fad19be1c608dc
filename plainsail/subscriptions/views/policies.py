"""Settings → Policies: what customers are promised, in sentences; changed as data; tried before it counts."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.commerce.services import sellers
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date
from plainsail.subscriptions import queries
from plainsail.subscriptions.habit_forms import DunningForm, PausingForm, RetentionForm
from plainsail.subscriptions.models import PolicyVersion
from plainsail.subscriptions.policy_forms import MOST_RULES, RefundPolicyForm, SampleForm, rearranged
from plainsail.subscriptions.services import limits, policies, previewing, revising, wording
from plainsail.subscriptions.services.previewing import Sample
from plainsail.subscriptions.services.quoting import Quote
from plainsail.subscriptions.views.confirming import now
from plainsail.ui.charts import Series

PER_PAGE = 20
PRICES = 100


@require_GET
@can("subscriptions.manage")
def overview(request: Request) -> HttpResponse:
    """The policies in words, what they can't go below, and how they came to be."""
    terms = policies.terms()
    page = Paginator(queries.policy_history(request.workspace), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "rules": wording.rules(terms["refund"]),
        "counting": wording.counting(terms["refund"]),
        "floors": wording.floors(),
        "dunning": wording.dunning(terms["dunning"]),
        "retention": wording.retention(terms["retention"]),
        "kept": wording.kept(),
        "pausing": wording.pausing(terms["pausing"]),
        "terms": terms,
        "page": page,
        "history": [(row, wording.text(row.kind, row.text), is_standing(row, terms)) for row in page],
    }
    return render(request, "subscriptions/policies.html", context)


def is_standing(row: PolicyVersion, terms: dict[str, Any]) -> bool:
    return bool(terms[row.kind]["version"] == row.version)


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.manage")
def refunds(request: Request) -> HttpResponse:
    """The refund policy: its rules to be changed, and what they give back; saved as a new version."""
    standing = policies.terms()["refund"]
    form = RefundPolicyForm(request.POST if request.method == "POST" else None, standing=standing)
    if request.method != "POST":
        return render(request, "subscriptions/policy_refund.html", editor(request, form))
    if not form.is_valid():
        return render(request, "subscriptions/policy_refund.html", editor(request, form, data=request.POST), status=422)
    return save(request, "refund", form.text, since=form.counting.cleaned_data["since"])


@require_POST
@can("subscriptions.manage")
def draft(request: Request) -> HttpResponse:
    """The same page with what was typed: a rule moved, added or removed, and tried out. Changes nothing."""
    action = request.POST.get("do", "")
    data, looked_at = rearranged(request.POST, action)
    form = RefundPolicyForm(data, standing=policies.terms()["refund"])
    is_valid = form.is_valid()
    context = editor(request, form, data=data) | {"looked_at": looked_at, "is_new": action == "add", "is_draft": True}
    return render(request, "subscriptions/policy_refund.html", context, status=200 if is_valid else 422)


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.manage")
def charges(request: Request) -> HttpResponse:
    """When a declined charge is tried again."""
    form = DunningForm(request.POST or None, initial=DunningForm.initial_of(policies.terms()["dunning"]))
    if form.is_valid():
        return save(request, "dunning", form.text, since=form.cleaned_data["since"])
    context = {"form": form, "most": limits.MOST_TRIES, "latest": limits.LATEST_TRY}
    return render(request, "subscriptions/policy_dunning.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.manage")
def retention(request: Request) -> HttpResponse:
    """How long data and documents are kept after the business has closed."""
    country = sellers.of_workspace(at=request.now).country
    initial = RetentionForm.initial_of(policies.terms()["retention"])
    form = RetentionForm(request.POST or None, initial=initial, country=country)
    if form.is_valid():
        return save(request, "retention", form.text, since=form.cleaned_data["since"])
    least = {"least_days": limits.LEAST_GRACE, "least_years": limits.document_years(country)}
    context = {"form": form, "kept": wording.kept(), **least}
    return render(request, "subscriptions/policy_retention.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.manage")
def pauses(request: Request) -> HttpResponse:
    """Whether customers may pause and move their next charge by themselves."""
    form = PausingForm(request.POST or None, initial=PausingForm.initial_of(policies.terms()["pausing"]))
    if form.is_valid():
        return save(request, "pausing", form.text, since=form.cleaned_data["since"])
    return render(request, "subscriptions/policy_pausing.html", {"form": form}, status=422 if form.is_bound else 200)


@require_POST
@can("subscriptions.manage")
def go_back(request: Request, policy_version_id: UUID) -> HttpResponse:
    """Let an old text count again, as a new version."""
    old: PolicyVersion = get_object_or_404(request.workspace.policy_versions, id=policy_version_id)
    made = revising.go_back(old, by=cast(User, request.user), at=now(request))
    return answer(request, made)


def save(request: Request, kind: str, text: dict[str, Any], *, since: int) -> HttpResponse:
    """Make the new version and lead back to where all stand."""
    made = revising.change(kind, text, since=since, by=cast(User, request.user), at=now(request))
    return answer(request, made)


def answer(request: Request, made: PolicyVersion | None) -> HttpResponse:
    words = _("Nothing was changed: this text counts already.")
    if made is not None:
        words = _("Saved as version %(number)d. It counts from now on.") % {"number": made.version}
    messages.success(request, words)
    return redirect(workspace_url(request.workspace, "subscriptions:policies"))


def editor(request: Request, form: RefundPolicyForm, *, data: QueryDict | None = None) -> dict[str, Any]:
    """What the refund policy's page shows: the rules as they stand and as they are typed, tried on one contract."""
    seller = sellers.of_workspace(at=request.now)
    wanted = data if data is not None and "sample-how" in data else None
    today = local_date(now(request), seller.timezone)
    prices = queries.recurring_prices(request.workspace, most=PRICES)
    sampling = SampleForm(wanted, prices=prices, seller=seller, currency=request.workspace.currency, today=today)
    shown = sampling if wanted is not None and sampling.is_valid() else sampling.untouched()
    texts = [form.standing, form.text if data is not None and form.is_valid() else None]
    return {
        "form": form,
        "sampling": sampling,
        "floors": wording.floors(),
        "can_add": len(form.rules.forms) < MOST_RULES,
        **trial(shown.sample(zone=seller.timezone), current=texts[0], edited=texts[1]),
    }


def trial(sample: Sample, *, current: Any, edited: Any) -> dict[str, Any]:
    """The same cancellation under both texts, and for a contract that was bought under the current one."""
    rows = [(_("As it stands"), previewing.preview(sample, current))]
    lines = [Series(_("As it stands"), points(sample, current))]
    if edited is not None:
        rows.append((_("As edited"), previewing.preview(sample, edited)))
        rows.append((_("For contracts bought before"), previewing.preview(sample, current, newest=edited)))
        lines.append(Series(_("As edited"), points(sample, edited)))
    return {"sample": sample, "trial": [outcome(name, quote) for name, quote in rows], "lines": lines}


def points(sample: Sample, text: Any) -> list[tuple[str, int]]:
    return [(date_format(day, "SHORT_DATE_FORMAT"), amount) for day, amount in previewing.by_day(sample, text)]


def outcome(name: str, quote: Quote) -> dict[str, Any]:
    """One row of the trial."""
    grounds = {line.ground for line in quote.refunds}
    return {
        "name": name,
        "amount": Money(quote.refund_minor, quote.currency),
        "ends": quote.effective_local,
        "why": ", ".join(sorted(wording.ground(ground) for ground in grounds)) or wording.nothing(quote),
        "by": quote.refund_by if quote.refund_minor else None,
    }
