"""Codes that hand a funnel to another business of this installation, with the funnel's file as it was when the code was made.

Whoever takes it in reads that file and nothing else of whoever made it, and gets copies of all that is in it.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.files.services import library, storing
from plainsail.funnels.models import Funnel, ShareCode
from plainsail.funnels.services import bundling
from plainsail.funnels.services.bundling import Bundle
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


class FileGone(Refusal):
    """The row of the code is there, its file isn't."""

    code = "shared_file_gone"
    message = _("What this code handed on is no longer on the disk, and nothing was made. Ask for a new code.")
    status = 410


@transaction.atomic
def make_for_many(funnel: Funnel, *, at: datetime) -> ShareCode:
    """A code that works for everybody who has it, until it is withdrawn. Raises TooMuch, PictureLost, Full."""
    return _make(funnel, is_for_one=False, at=at)


@transaction.atomic
def make_for_one(funnel: Funnel, *, at: datetime) -> ShareCode:
    """A code that works a single time. That it does can't be changed later. Raises TooMuch, PictureLost, Full."""
    return _make(funnel, is_for_one=True, at=at)


def _make(funnel: Funnel, *, is_for_one: bool, at: datetime) -> ShareCode:
    raw = bundling.bundle(funnel)
    library.check_room(funnel.workspace, len(raw))
    code = "".join(secrets.choice(ALPHABET) for _character in range(LENGTH))
    made = ShareCode.objects.create(
        workspace_id=funnel.workspace_id,
        funnel_id=funnel.id,
        name=funnel.name,
        digest=keyed_hash(PURPOSE, code),
        sealed=encrypt(PURPOSE, code),
        stored=len(raw),
        is_for_one=is_for_one,
        created_at=at,
    )
    storing.keep_aside(made.workspace_id, made.id, raw)
    return made


def written(code: ShareCode) -> str:
    """The code as people read it: four groups of four."""
    plain = decrypt(PURPOSE, code.sealed)
    return "-".join(plain[start : start + 4] for start in range(0, LENGTH, 4))


@transaction.atomic
def withdraw(code: ShareCode, *, at: datetime) -> None:
    """From now on the code leads nowhere. What was made from it stays."""
    ShareCode.objects.filter(id=code.id, deleted_at=None).update(deleted_at=at)
    _let_go(code)


@transaction.atomic
def redeem(workspace: Workspace, typed: str, *, by: User | None, at: datetime) -> Funnel:
    """A draft funnel in this business from a code. Counted; a code for one fails the second time.

    Raises UnknownCode (also for one that was withdrawn), CodeUsed, FileGone, BadPackage; then it isn't counted either.
    """
    plain = "".join(character for character in typed.lower() if character in ALPHABET)
    found = ShareCode.objects.filter(digest=keyed_hash(PURPOSE, plain), deleted_at=None).first()
    if found is None:
        raise UnknownCode
    if not found.is_for_one:
        made = bundling.unpack(workspace, _handed_on(found), by=by, at=at)
        # Last: nobody else with this code waits while pictures are taken in.
        _count(found)
        return made
    # First: of two who come at the same moment, one finds nothing to count.
    _count(found)
    made = bundling.unpack(workspace, _handed_on(found), by=by, at=at)
    _let_go(found)
    return made


def _count(code: ShareCode) -> None:
    usable = ShareCode.objects.filter(Q(is_for_one=False) | Q(redeemed=0), id=code.id, deleted_at=None)
    if usable.update(redeemed=F("redeemed") + 1):
        return
    raise CodeUsed if code.is_for_one else UnknownCode


def _handed_on(code: ShareCode) -> Bundle:
    if code.package is not None:
        return Bundle(code.package)
    raw = storing.aside(code.workspace_id, code.id)
    if raw is None:
        raise FileGone
    return bundling.read(raw)


def _let_go(code: ShareCode) -> None:
    """Free the room of a code that leads nowhere any more."""
    ShareCode.objects.filter(id=code.id).update(stored=0)
    # A file without a row harms nobody; a row without its file would.
    transaction.on_commit(lambda: storing.remove_aside(code.workspace_id, code.id))


def stored(workspace: Workspace) -> int:
    """Bytes that a business's codes have on disk."""
    return int(ShareCode.objects.filter(workspace=workspace).aggregate(sum=Sum("stored"))["sum"] or 0)
