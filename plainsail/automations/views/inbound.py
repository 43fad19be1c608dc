"""Where other programs send messages that start an automation. The address itself is the secret."""

from __future__ import annotations

import json

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from plainsail.automations.services import signals
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, problem, public
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.kernel.throttle import Throttle

CALLS = Throttle(purpose="automations.hook", limit=6000)


class BadMessage(Refusal):
    """No JSON, or more than anybody has to say."""

    code = "bad_message"
    message = gettext_lazy("Send a JSON object of at most 64 KB.")
    status = 422


class TooMany(Refusal):
    """More calls in an hour than an address takes."""

    code = "too_many"
    message = gettext_lazy("Too many calls in this hour.")
    status = 429


@csrf_exempt  # it comes from no page of ours; whoever knows the address may call
@require_POST
@public
@outside_transaction
def receive(request: Request, slug: str, hook: str) -> HttpResponse:
    """Take in a message to an automation's own address."""
    business = signals.business_of(slug)
    if business is None:
        raise Http404
    try:
        _take_in(request, business, hook)
    except Refusal as refusal:
        return problem(status=refusal.status, title=_("Refused"), detail=str(refusal), code=refusal.code)
    return HttpResponse(status=202)


def _take_in(request: Request, business: Workspace, hook: str) -> None:
    if not CALLS.spend(hook, at=request.now):
        raise TooMany
    with workspace(business):
        found = signals.listening(hook)
        if found is None:
            raise Http404
        signals.call(found, _message(request), at=request.now)


def _message(request: Request) -> object:
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdigit() or len(announced) > 9 or int(announced) > signals.LARGEST:
        raise BadMessage
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise BadMessage from None
