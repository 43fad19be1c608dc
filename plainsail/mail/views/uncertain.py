"""Messages of which nobody knows whether they arrived: listed, and decided one by one or together."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail import queries
from plainsail.mail.forms import DecisionForm
from plainsail.mail.services import broadcasts
from plainsail.mail.views.broadcasts import find

PER_PAGE = 50


@require_GET
@can("mail.view")
def listed(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    rows = Paginator(queries.uncertain(request.workspace, found.id), PER_PAGE).get_page(request.GET.get("page"))
    addresses = queries.addresses_of(request.workspace, rows)
    context = {
        "broadcast": found,
        "page": rows,
        "rows": [(row, addresses.get(row.contact_id or row.id)) for row in rows],
    }
    return render(request, "mail/uncertain.html", context)


@require_POST
@can("mail.send")
def decision(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose at least one message."))
    elif form.cleaned_data["decision"] == "arrived":
        many = broadcasts.they_arrived(found, form.cleaned_data["message"], at=request.now)
        text = ngettext("%(many)s message counts as accepted.", "%(many)s messages count as accepted.", many)
        messages.success(request, text % {"many": many})
    else:
        many = broadcasts.send_again(found, form.cleaned_data["message"], at=request.now)
        text = ngettext("%(many)s message goes out again.", "%(many)s messages go out again.", many)
        messages.success(request, text % {"many": many})
    return redirect(workspace_url(request.workspace, "mail:uncertain", found.id))
