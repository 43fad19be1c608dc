"""Changing what a business promises: every change is a new version, and no contract gets less by it.

Nothing is ever overwritten. Going back makes a new version with the text of an old one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce.services import sellers
from plainsail.kernel.errors import Refusal
from plainsail.subscriptions.models import PolicyVersion
from plainsail.subscriptions.services import limits, policies


class ChangedMeanwhile(Refusal):
    """Somebody saved another text since this one was opened."""

    code = "policy_changed"
    message = _("Somebody else changed this meanwhile. Please look at what stands there now, then change it again.")


@transaction.atomic
def change(kind: str, text: Mapping[str, Any], *, since: int, by: User, at: datetime) -> PolicyVersion | None:
    """Write a policy anew, upon the version that was opened (`since`). The same text again changes nothing: then None.

    Safe to call twice: the second call finds its version made. Raises BadPolicy, ChangedMeanwhile.
    """
    return _write(kind, text, since=since, by=by, at=at)


@transaction.atomic
def go_back(old: PolicyVersion, *, by: User, at: datetime) -> PolicyVersion | None:
    """Let the text of an old version count again, as a new one. None where it is the text that counts. Raises BadPolicy."""
    since = policies.terms()[old.kind]["version"]
    return _write(old.kind, old.text, since=since, by=by, at=at, back_to=old.version)


def _write(
    kind: str, text: Mapping[str, Any], *, since: int, by: User, at: datetime, back_to: int | None = None
) -> PolicyVersion | None:
    limits.check(kind, text, country=sellers.of_workspace(at=at).country)
    standing = policies.terms()[kind]
    if _words(text) == _words(standing):
        return None
    if since != standing["version"]:
        raise ChangedMeanwhile
    _keep_first(kind, standing, at=at)
    version = since + 1
    made: PolicyVersion
    made, is_new = PolicyVersion.objects.get_or_create(
        kind=kind,
        version=version,
        defaults={"text": {**text, "version": version}, "by": str(by)[:254], "made_at": at, "back_to": back_to},
    )
    if not is_new and _words(made.text) != _words(text):
        raise ChangedMeanwhile  # two saved at once
    if is_new:
        audit.record(
            "subscriptions.policy_changed",
            by=by,
            at=at,
            subject=str(PolicyVersion.Kind(kind).label),
            subject_id=made.id,
            details={"before": str(since), "after": str(version)},
        )
    return made


def _words(text: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in text.items() if name != "version"}


def _keep_first(kind: str, standing: Mapping[str, Any], *, at: datetime) -> None:
    """What the program came with stands in the history too, so that one can go back to it after the program has moved on."""
    if not PolicyVersion.objects.filter(kind=kind).exists():
        PolicyVersion.objects.get_or_create(
            kind=kind, version=standing["version"], defaults={"text": dict(standing), "made_at": at}
        )
