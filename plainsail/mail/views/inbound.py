"""Where mail services report what became of messages. Their signature or password is the authority, not the address."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, problem, public
from plainsail.kernel.tenancy import outside_transaction
from plainsail.mail.services import carrier_events, carriers


@csrf_exempt  # it comes from no page of ours
@require_http_methods(["HEAD", "POST"])  # some ask by HEAD whether somebody is there
@public
@outside_transaction
def receive(request: Request, token: str) -> HttpResponse:
    carrier = carriers.at_hook(token)
    if carrier is None:
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()
    if _announced(request) > carrier_events.LARGEST:
        return HttpResponse(status=413)
    try:
        carrier_events.receive(carrier, request, at=request.now)
    except Refusal as refusal:
        return _refused(refusal)
    return HttpResponse()


def _refused(refusal: Refusal) -> HttpResponse:
    answer = problem(status=refusal.status, title=_("Refused"), detail=str(refusal), code=refusal.code)
    if refusal.status == 401:
        answer["WWW-Authenticate"] = 'Basic realm="Plainsail"'
    return answer


def _announced(request: Request) -> int:
    """Bytes of a report, as its sender says, before any is read."""
    said = request.META.get("CONTENT_LENGTH") or "0"
    return int(said[:12]) if said.isdigit() else 0
