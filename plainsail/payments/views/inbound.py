"""Where gateways send their messages. The signature is the authority; the address only says whose secret to check it with."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, problem, public
from plainsail.kernel.tenancy import outside_transaction
from plainsail.payments.services import inbox


class MessageTooLarge(Refusal):
    """More than any gateway writes."""

    code = "message_too_large"
    message = gettext_lazy("This message is too large.")
    status = 413


@csrf_exempt  # it comes from no page of ours; the signature says who sent it
@require_POST
@public
@outside_transaction
def receive(request: Request, key: str) -> HttpResponse:
    """Keep a signed message and say so at once; what it is about is looked up later."""
    endpoint = inbox.endpoint_of(key)
    if endpoint is None:
        raise Http404
    try:
        inbox.receive(endpoint, headers=request.headers, body=body_of(request), at=request.now)
    except Refusal as refusal:
        # Its own words, whatever the sender says it accepts: they stand in the gateway's log of deliveries.
        return problem(status=refusal.status, title=_("Refused"), detail=str(refusal), code=refusal.code)
    return HttpResponse(status=200)


def body_of(request: Request) -> bytes:
    """The raw body. Raises MessageTooLarge before reading what is announced as too long."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdigit() or len(announced) > 9 or int(announced) > inbox.LARGEST:
        raise MessageTooLarge
    return request.body
