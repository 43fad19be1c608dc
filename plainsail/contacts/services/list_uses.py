"""What of contacts themselves names a list: segments and rules that ask for it, imports and changes that put people on it."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from plainsail.contacts import conditions
from plainsail.contacts.models import BulkAction, Import, List
from plainsail.contacts.sockets import ListUse
from plainsail.kernel.addresses import workspace_url

UNFINISHED = (Import.State.CHECKING, Import.State.CHECKED, Import.State.RUNNING, Import.State.PAUSED)


def found(topic: List) -> list[ListUse]:
    """Reads every segment's conditions, and a few rows of each other kind."""
    return [*_segments(topic), *_rules(topic), *_imports(topic), *_changes(topic)]


def _segments(topic: List) -> Iterator[ListUse]:
    for one in topic.workspace.segments.order_by("name", "id"):
        if any(leaf.get("value") == str(topic.id) for leaf in conditions.leaves(one.tree)):
            url = workspace_url(topic.workspace, "contacts:segment", one.id)
            yield ListUse(_("Segment “%(name)s”") % {"name": one.name}, url)


def _rules(topic: List) -> Iterator[ListUse]:
    for one in topic.workspace.score_rules.filter(value=str(topic.id)).order_by("name", "id"):
        url = workspace_url(topic.workspace, "contacts:score_rule", one.id)
        yield ListUse(_("Rule for points “%(name)s”") % {"name": one.name}, url)


def _imports(topic: List) -> Iterator[ListUse]:
    rows = topic.workspace.imports.filter(state__in=UNFINISHED, list_ids__contains=[str(topic.id)])
    for one in rows.order_by("created_at", "id"):
        url = workspace_url(topic.workspace, "contacts:import", one.id)
        yield ListUse(_("Import “%(name)s”") % {"name": one.name}, url, is_at_work=True)


def _changes(topic: List) -> Iterator[ListUse]:
    rows = topic.workspace.bulk_actions.filter(state__in=BulkAction.BUSY, value__list_id=str(topic.id))
    for one in rows.order_by("created_at", "id"):
        url = workspace_url(topic.workspace, "contacts:bulk_action", one.id)
        yield ListUse(_("A change of many contacts"), url, is_at_work=True)
