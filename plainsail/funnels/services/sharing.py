"""Codes that hand a funnel to another business. What is handed over is the funnel as it was when the code was made."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.funnels.models import Funnel, ShareCode
from plainsail.funnels.services import packing
from plainsail.kernel.crypto import decrypt, encrypt, keyed_hash
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace

PURPOSE = "funnels.share_code"
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is read for another: i, l, o, 0 and 1."""
LENGTH = 16


class UnknownCode(Refusal):
    """No such code was ever made, or it was withdrawn by whoever made it."""

    code = "unknown_code"
    message = _("There is no funnel under this code. It may have been withdrawn.")
    status = 404


class CodeUsed(Refusal):
    """A code for one was redeemed before."""

    code = "code_used"
    message = _("This code worked once, and it was used already.")
    status = 409


@transaction.atomic
def make_for_many(funnel: Funnel, *, at: datetime) -> ShareCode:
    """A code that works for everybody who has it, until it is withdrawn."""
    return _make(funnel, is_for_one=False, at=at)


@transaction.atomic
def make_for_one(funnel: Funnel, *, at: datetime) -> ShareCode:
    """A code that works a single time. That it does can't be changed later."""
    return _make(funnel, is_for_one=True, at=at)


def _make(funnel: Funnel, *, is_for_one: bool, at: datetime) -> ShareCode:
    code = "".join(secrets.choice(ALPHABET) for _character in range(LENGTH))
    return ShareCode.objects.create(
        workspace_id=funnel.workspace_id,
        funnel_id=funnel.id,
        name=funnel.name,
        digest=keyed_hash(PURPOSE, code),
        sealed=encrypt(PURPOSE, code),
        package=packing.pack(funnel),
        is_for_one=is_for_one,
        created_at=at,
    )


def written(code: ShareCode) -> str:
    """The code as people read it: four groups of four."""
    plain = decrypt(PURPOSE, code.sealed)
    return "-".join(plain[start : start + 4] for start in range(0, LENGTH, 4))


@transaction.atomic
def withdraw(code: ShareCode, *, at: datetime) -> None:
    """From now on the code leads nowhere. What was made from it stays."""
    ShareCode.objects.filter(id=code.id, deleted_at=None).update(deleted_at=at)


@transaction.atomic
def redeem(workspace: Workspace, typed: str, *, by: User | None, at: datetime) -> Funnel:
    """A draft funnel in this business from a code. Counted; a code for one fails the second time.

    Raises UnknownCode (also for one that was withdrawn), CodeUsed, BadPackage; then it isn't counted either.
    """
    plain = "".join(character for character in typed.lower() if character in ALPHABET)
    digest = keyed_hash(PURPOSE, plain)
    # One statement decides: of two who come at the same moment with a code for one, one finds nothing to update.
    usable = Q(is_for_one=False) | Q(redeemed=0)
    taken = ShareCode.objects.filter(usable, digest=digest, deleted_at=None).update(redeemed=F("redeemed") + 1)
    found = ShareCode.objects.filter(digest=digest, deleted_at=None).first()
    if found is None:
        raise UnknownCode
    if not taken:
        raise CodeUsed
    return packing.unpack(workspace, found.package, by=by, at=at)
