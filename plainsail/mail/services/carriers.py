"""A business's accounts at mail services: their keys, who sends through them, and where they report to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.kernel import environment
from plainsail.kernel.crypto import BadToken, decrypt, encrypt, keyed_hash, url_safe, verify
from plainsail.kernel.crypto import sign as signed
from plainsail.kernel.errors import Refusal
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Carrier, Sender
from plainsail.mail.services import books, carrier_kinds

SEALED, HOOK = "mail.carrier", "mail.carrier_hook"
USER = "plainsail"
REGION = "region"


class KeysMissing(Refusal):
    """A service can't be used without them."""

    code = "keys_missing"
    message = _("Fill in all keys.")
    status = 422


class NameTaken(Refusal):
    """Two accounts at one service need names that tell them apart."""

    code = "name_taken"
    message = _("There is an account with this name already.")


class StillUsed(Refusal):
    """Senders hand their mail over there."""

    code = "still_used"
    message = _("Senders still use this service. Choose another way for them first.")


@transaction.atomic
def add(kind: str, *, name: str, settings: Mapping[str, str], at: datetime) -> Carrier:
    """An account at a service. Raises KeysMissing, NameTaken."""
    if Carrier.objects.filter(kind=kind, name=name).exists():
        raise NameTaken(field="name")
    sealed = _seal(kind, settings)
    made: Carrier = Carrier.objects.create(kind=kind, name=name, sealed=sealed, created_at=at)
    return made


@transaction.atomic
def change(carrier: Carrier, *, name: str, settings: Mapping[str, str]) -> None:
    """Another name or other keys; secrets that are left empty stay as they are. Raises KeysMissing, NameTaken."""
    if Carrier.objects.filter(kind=carrier.kind, name=name).exclude(id=carrier.id).exists():
        raise NameTaken(field="name")
    secrets = {each.name for each in carrier_kinds.KINDS[carrier.kind].settings if each.is_secret}
    known = {key: value for key, value in settings_of(carrier).items() if key in secrets}
    given = {key: value for key, value in settings.items() if value or key not in secrets}
    carrier.name, carrier.sealed, carrier.trouble = name, _seal(carrier.kind, {**known, **given}), ""
    carrier.save(update_fields=["name", "sealed", "trouble"])


def remove(carrier: Carrier) -> None:
    """Forget an account and its keys. Raises StillUsed."""
    if carrier.senders.exists():
        raise StillUsed
    carrier.delete()


def choose(sender: Sender, carrier: Carrier | None) -> None:
    """Have a sender's mail carried by a service, or by the installation's own mail server."""
    Sender.objects.filter(id=sender.id).update(carrier=carrier)


def settings_of(carrier: Carrier) -> dict[str, str]:
    """Its keys and settings. Raises BadToken where they can't be opened, such as after SECRET_KEY was changed."""
    found: dict[str, str] = json.loads(decrypt(SEALED, carrier.sealed))
    return found


def shown(carrier: Carrier) -> dict[str, str]:
    """Its name and settings for a form, without any secret. Raises BadToken."""
    secrets = {each.name for each in carrier_kinds.KINDS[carrier.kind].settings if each.is_secret}
    return {"name": carrier.name, **{key: value for key, value in settings_of(carrier).items() if key not in secrets}}


def of_source(source_id: UUID) -> Carrier | None:
    """Who carries a source's mail; None is the mail server. Two queries."""
    sender = books.sender_of(source_id)
    carrier_id = sender.carrier_id
    return Carrier.objects.filter(id=carrier_id).first() if carrier_id else None


def signs(address: str) -> bool:
    """Whether mail from an address goes through a service, which signs it with keys of its own."""
    found: bool = Sender.objects.filter(address=address, carrier__isnull=False).exists()
    return found


def note_trouble(carrier_id: UUID, words: str) -> None:
    """Why it took nothing, for people to see; empty when it takes mail again."""
    Carrier.objects.filter(id=carrier_id).exclude(trouble=words[:500]).update(trouble=words[:500])


def hook_path(carrier: Carrier) -> str:
    """Where it reports to, below the installation's address. Signed, so that nobody can guess it, and the same for ever."""
    token = signed(HOOK, carrier.workspace_id.bytes + carrier.id.bytes, at=0)
    return f"/inbound/mail/{token}/"


def hook_address(carrier: Carrier) -> str:
    """The whole address to enter there, with a password in it where the service signs nothing."""
    scheme, _colon, rest = environment.current().base_url.partition("://")
    is_signed = bool(carrier_kinds.KINDS[carrier.kind].hook_key)
    login = "" if is_signed else f"{USER}:{hook_password(carrier)}@"
    return f"{scheme}://{login}{rest}{hook_path(carrier)}"


def hook_password(carrier: Carrier) -> str:
    """What reports without a signature are told by."""
    return url_safe(bytes.fromhex(keyed_hash(HOOK, carrier.id.hex))).decode()


def read_hook(token: str) -> tuple[UUID, UUID]:
    """Workspace and carrier of an address of reports. Raises BadToken."""
    payload = verify(HOOK, token)
    if len(payload) != 32:
        raise BadToken
    return UUID(bytes=payload[:16]), UUID(bytes=payload[16:])


def at_hook(token: str) -> Carrier | None:
    """Whose address of reports it is; None where it is nobody's, or nobody's any more. Opens the workspace that it names."""
    try:
        workspace_id, carrier_id = read_hook(token)
    except BadToken:
        return None
    with workspace(workspace_id):
        found: Carrier | None = Carrier.objects.filter(id=carrier_id).first()
    return found


def _seal(kind: str, settings: Mapping[str, str]) -> str:
    wanted = carrier_kinds.KINDS[kind].settings
    kept = {each.name: settings.get(each.name, "").strip() for each in wanted}
    for each in wanted:
        if each.is_needed and not kept[each.name]:
            raise KeysMissing(field=each.name)
    region = settings.get(REGION, "")
    if region in carrier_kinds.KINDS[kind].regions:
        kept[REGION] = region
    return encrypt(SEALED, json.dumps(kept))
