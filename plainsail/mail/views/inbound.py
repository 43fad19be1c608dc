"""Where mail services report what became of messages. Their signature or password is the authority, not the address."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from plainsail.kernel.crypto import BadToken
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, problem, public
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.mail.models import Carrier
from plainsail.mail.services import carrier_events, carriers


@csrf_exempt  # it comes from no page of ours
@require_http_methods(["HEAD", "POST"])  # some ask by HEAD whether somebody is there
@public
@outside_transaction
def receive(request: Request, token: str) -> HttpResponse:
    carrier = _find(token)
    if request.method == "HEAD":
        return HttpResponse()
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdigit() or int(announced[:12]) > carrier_events.LARGEST:
        return HttpResponse(status=413)
    try:
        carrier_events.receive(carrier, request, at=request.now)
    except Refusal as refusal:
        return problem(status=refusal.status, title=_("Refused"), detail=str(refusal), code=refusal.code)
    return HttpResponse()


def _find(token: str) -> Carrier:
    try:
        workspace_id, carrier_id = carriers.read_hook(token)
    except BadToken:
        raise Http404 from None
    with workspace(workspace_id):
        found: Carrier | None = Carrier.objects.filter(id=carrier_id).first()
    if found is None:
        raise Http404
    return found
