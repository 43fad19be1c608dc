"""A segment as a form: groups and conditions in the order in which they are read, each with how deep it stands.

They are added and removed by posting, so the builder needs no script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from plainsail.contacts import conditions
from plainsail.contacts.sockets import SegmentField, Words
from plainsail.kernel.models import Workspace

Node = dict[str, Any]
"""`{"kind": "condition", "depth", "field", "op", "value", "count", "days"}` or `{"kind": "group", "depth", "match"}`."""

MATCHES = {
    "all": _("all of these hold"),
    "any": _("any of these holds"),
    "none": _("none of these holds"),
    "not_all": _("not all of these hold"),
}
ROOT = "root"
PARTS = ("field", "op", "value", "count", "days")


class SegmentNameForm(forms.Form):
    """A segment to be made: its name; the conditions come next."""

    name = forms.CharField(label=_("Name"), max_length=100)


class SegmentForm(SegmentNameForm):
    """A segment's name and conditions."""

    match = forms.ChoiceField(label=_("Contacts for whom"), choices=list(MATCHES.items()))

    ROWS = conditions.MOST
    DEEPEST = 3
    """How deep groups can be put into one another here; the root not counted."""
    LONGEST = conditions.LONGEST

    @property
    def is_drafting(self) -> bool:
        """Whether the post only asks for another look: a condition more or less, or the count."""
        return any(name in self.data for name in ("add", "group", "remove", "count"))

    @property
    def is_full(self) -> bool:
        return len(self.nodes) >= self.ROWS

    @cached_property
    def nodes(self) -> list[Node]:
        """Groups and conditions as they stand: as posted where something was, else as stored."""
        if not self.is_bound:
            return list(self.initial.get("nodes", []))
        nodes = list(_sound(self._posted(index) for index in range(self.ROWS) if self._is_there(index)))
        nodes = _without(nodes, self.data.get("remove", ""))
        return self._with_new(nodes) if len(nodes) < self.ROWS else nodes

    def _with_new(self, nodes: list[Node]) -> list[Node]:
        wanted = self.data.get("add", self.data.get("group", ""))
        place = _end_of(nodes, wanted)
        if place is None:
            return nodes
        depth = 0 if wanted == ROOT else nodes[int(wanted)]["depth"] + 1
        if "group" in self.data:
            new = {"kind": "group", "depth": depth, "match": "any"} if depth < self.DEEPEST else None
        else:
            new = _new_condition(self.data.get(f"new-{wanted}", ""), depth)
        return [*nodes[:place], new | {"is_new": True}, *nodes[place:]] if new else nodes

    def tree(self) -> dict[str, Any]:
        """The conditions as a segment's tree; groups without any are left out."""
        return _grouped(self.cleaned_data["match"], _parts(self.nodes, 0))

    def drawn(self, workspace: Workspace) -> dict[str, Any]:
        """The root group with everything in it, and what the page needs to draw it."""
        choices: dict[str, Sequence[tuple[str, Words]]] = {}
        root: dict[str, Any] = {"index": ROOT, "depth": 0, "rows": [], "may_nest": True}
        open_groups = [root]
        for index, node in enumerate(self.nodes):
            del open_groups[node["depth"] + 1 :]
            row = node | {"index": index}
            if node["kind"] == "group":
                row |= {"rows": [], "matches": MATCHES.items(), "may_nest": node["depth"] + 1 < self.DEEPEST}
            else:
                row |= _to_draw(node, workspace, choices)
            open_groups[-1]["rows"].append(row)
            if node["kind"] == "group":
                open_groups.append(row)
        return root

    def _is_there(self, index: int) -> bool:
        return bool(self.data.get(f"field-{index}") or self.data.get(f"match-{index}"))

    def _posted(self, index: int) -> Node:
        depth = self.data.get(f"depth-{index}", "0")
        node: Node = {"depth": int(depth) if depth.isascii() and depth.isdigit() else 0}
        if match := self.data.get(f"match-{index}"):
            return node | {"kind": "group", "match": match if match in MATCHES else "all"}
        # PostgreSQL stores no NUL in text.
        said = {part: str(self.data.get(f"{part}-{index}", ""))[: self.LONGEST].replace("\0", "") for part in PARTS}
        return node | {"kind": "condition"} | said


def _sound(nodes: Iterator[Node]) -> Iterator[Node]:
    """Nothing stands deeper than the group before it allows."""
    deepest = 0
    for node in nodes:
        node["depth"] = min(node["depth"], deepest, SegmentForm.DEEPEST)
        deepest = node["depth"] + (node["kind"] == "group")
        yield node


def _span(nodes: Sequence[Node], index: int) -> int:
    """Where what belongs to a node ends."""
    end = index + 1
    while end < len(nodes) and nodes[end]["depth"] > nodes[index]["depth"]:
        end += 1
    return end


def _without(nodes: list[Node], index: str) -> list[Node]:
    if not (index.isascii() and index.isdigit() and int(index) < len(nodes)):
        return nodes
    return [*nodes[: int(index)], *nodes[_span(nodes, int(index)) :]]


def _end_of(nodes: Sequence[Node], group: str) -> int | None:
    """Where a group takes another member in; None where there is no such group."""
    if group == ROOT:
        return len(nodes)
    if not (group.isascii() and group.isdigit() and int(group) < len(nodes)) or nodes[int(group)]["kind"] != "group":
        return None
    return _span(nodes, int(group))


def _new_condition(key: str, depth: int) -> Node | None:
    known = conditions.field_of(key)
    if known is None:
        return None
    first = next(iter(known.operators))
    return {"kind": "condition", "depth": depth, "field": key, "op": first, "value": "", "count": "", "days": ""}


def _parts(nodes: Sequence[Node], depth: int) -> list[dict[str, Any]]:
    found = []
    for index, node in enumerate(nodes):
        if node["depth"] != depth:
            continue
        if node["kind"] == "condition":
            found.append(_leaf(node))
        elif inner := _parts(nodes[index + 1 : _span(nodes, index)], depth + 1):
            found.append(_grouped(node["match"], inner))
    return found


def _leaf(node: Node) -> dict[str, Any]:
    known = conditions.field_of(node["field"])
    asked = {"field": node["field"], "op": node["op"]}
    if known is None or known.kind_of(node["op"]) != "none":
        asked["value"] = node["value"]
    return asked | {name: node[name] for name in (known.inputs if known else ()) if node[name]}


def _grouped(match: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    if match in {"none", "not_all"} and parts:
        return {"not": {"any" if match == "none" else "all": parts}}
    return {"any" if match == "any" else "all": parts}


def start(tree: Mapping[str, Any]) -> dict[str, Any]:
    """What the builder starts with for a stored tree."""
    match, parts = _group_of(tree) or ("all", [tree] if tree else [])
    return {"match": match, "nodes": list(_nodes(parts, 0))}


def _nodes(parts: Sequence[Mapping[str, Any]], depth: int) -> Iterator[Node]:
    for part in parts:
        if (group := _group_of(part)) is not None:
            yield {"kind": "group", "depth": depth, "match": group[0]}
            yield from _nodes(group[1], depth + 1)
        elif part:
            yield {"kind": "condition", "depth": depth} | {name: str(part.get(name, "")) for name in PARTS}


def _group_of(tree: Mapping[str, Any]) -> tuple[str, Sequence[Mapping[str, Any]]] | None:
    if "not" in tree:
        inner = tree["not"]
        return ("not_all", inner["all"]) if "all" in inner else ("none", inner.get("any", [inner]))
    for match in ("all", "any"):
        if match in tree:
            return match, tree[match]
    return None


def depth_of(tree: Mapping[str, Any]) -> int:
    """How deep groups stand in one another in a stored tree, the root not counted."""
    return max((node["depth"] for node in start(tree)["nodes"]), default=0)


def _to_draw(
    node: Node, workspace: Workspace, choices: dict[str, Sequence[tuple[str, Words]]]
) -> dict[str, SegmentField | Any]:
    known = conditions.field_of(node["field"])
    if known is None:
        return {"known": None}
    if known.choices and node["field"] not in choices:
        choices[node["field"]] = known.choices(workspace)
    op = node["op"] if node["op"] in known.operators else next(iter(known.operators))
    asks_for = known.kind_of(op)
    rows = choices.get(node["field"]) if asks_for in {"row", "choice"} else None
    if rows is not None and node["value"] and node["value"] not in dict(rows):
        # What is chosen stays so while something else is changed, even if it is offered no more.
        rows = [*rows, (node["value"], _("something that is gone") if asks_for == "row" else node["value"])]
    return {"known": known, "asks_for": asks_for, "choices": rows}


def offered(workspace: Workspace) -> list[tuple[Words, list[tuple[str, Words]]]]:
    """The fields to choose from, under the headings of their groups."""
    found: dict[str, list[tuple[str, Words]]] = {}
    for key, field in conditions.offered(workspace):
        found.setdefault(str(field.group), []).append((key, field.label))
    return list(found.items())
