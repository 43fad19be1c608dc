"""Lists: the topics that people consent to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.contacts.models import List
from plainsail.contacts.services import uses
from plainsail.contacts.sockets import LIST_USES, ListUse
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace


class PutAway(Refusal):
    """Nobody is put on a list that is put away."""

    code = "list_archived"
    message = gettext_lazy("This list is put away. Bring it back first.")


class HasMembers(Refusal):
    """Somebody agreed to it once, and that is kept as proof."""

    code = "list_has_members"
    message = gettext_lazy(
        "People were on this list, and what they agreed to is kept as proof. Put it away: then nobody is offered it any more."
    )


@transaction.atomic
def create(workspace: Workspace, *, name: str, at: datetime, description: str = "", is_default: bool = False) -> List:
    """A new list with a slug of its own."""
    base = slugify(name)[:50] or "list"
    taken = set(workspace.lists.filter(slug__startswith=base).values_list("slug", flat=True))
    slug = next(one for one in (base, *(f"{base}-{number}" for number in range(2, 1000))) if one not in taken)
    made: List = List.objects.create(
        name=name, slug=slug, description=description, is_default=is_default, created_at=at
    )
    return made


def default(workspace: Workspace, *, at: datetime) -> List:
    """The list that a form joins where none was chosen; made at the first need."""
    found: List | None = workspace.lists.filter(is_default=True, archived_at=None).order_by("created_at").first()
    return found or create(workspace, name=_("Newsletter"), at=at, is_default=True)


def rename(topic: List, *, name: str, description: str) -> None:
    """Change how a list is called; its slug and its consents stay."""
    topic.name, topic.description = name, description
    topic.save(update_fields=["name", "description"])


def uses_of(topic: List) -> list[ListUse]:
    """What names a list: forms, broadcasts, automations, segments …"""
    return [use for source in LIST_USES for use in source(topic)]


@transaction.atomic
def archive(topic: List, *, at: datetime) -> None:
    """Put a list away: nobody is offered it, put on it or written to about it. What people agreed to stays as it is.

    Another list becomes the one that new forms join. Raises InUse, which says what still puts people on it or writes to them.
    """
    locked = List.objects.select_for_update().select_related("workspace").get(pk=topic.pk)
    _refuse([use for use in uses_of(locked) if use.is_at_work])
    others = locked.workspace.lists.filter(archived_at=None).exclude(pk=locked.pk)
    if locked.is_default and (heir := others.order_by("-is_default", "created_at", "id").first()):
        List.objects.filter(pk=heir.pk).update(is_default=True)
    locked.archived_at, locked.is_default = at, False
    locked.save(update_fields=["archived_at", "is_default"])
    _look_again(locked.workspace)


@transaction.atomic
def restore(topic: List) -> None:
    """Bring a list back, with everybody who agreed to it."""
    topic.archived_at = None
    topic.save(update_fields=["archived_at"])
    _look_again(topic.workspace)


@transaction.atomic
def delete(topic: List) -> None:
    """Forget a list that nobody was ever on and that nothing names. Raises HasMembers; InUse, which says what names it."""
    locked = List.objects.select_for_update().select_related("workspace").get(pk=topic.pk)
    if has_history(locked):
        raise HasMembers
    _refuse(uses_of(locked))
    locked.delete()


def has_history(topic: List) -> bool:
    """Whether anybody ever asked for it, joined it or left it."""
    return bool(topic.members.exists() or topic.consents.exists())


def _refuse(found: Sequence[ListUse]) -> None:
    if found:
        named = ", ".join(use.label for use in found[: uses.NAMED])
        raise uses.InUse(_("It is still used: %(uses)s.") % {"uses": named})


def _look_again(workspace: Workspace) -> None:
    """Who may be written to changed for everybody on it: watched segments are compared as a whole at the next look."""
    workspace.segments.exclude(watched_at=None).update(next_at=None)
