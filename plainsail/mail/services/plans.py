"""What a sending process is told of one broadcast: plain values, so that they can be passed on. Django-free; `planning` makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from plainsail.contacts.services.setwise import Cursor
from plainsail.mail.services.filling import Form, MessageSigner, form_from_json, form_to_json
from plainsail.mail.services.own_words import OwnWords
from plainsail.mail.services.return_paths import ReturnPath

PEOPLE = "$people"
"""Stands in a plan's parameters for the ids of a chunk's contacts."""


@dataclass(frozen=True)
class Question:
    """A statement with its parameters, in which PEOPLE stands for ids; made by Django, asked by a sending process."""

    sql: str
    parameters: tuple[Any, ...]

    def ask(self, cursor: Cursor, people: str) -> list[Any]:
        """`people` as `setwise.ids` writes them."""
        cursor.execute(self.sql, [people if each == PEOPLE else each for each in self.parameters])
        return cursor.fetchall()


@dataclass(frozen=True, kw_only=True)
class Signing:
    """The keys that sign a domain's mail in process: (selector, PEM) of each."""

    domain: str
    keys: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a process needs to send one broadcast. Plain values, so that it can be passed on."""

    workspace_id: UUID
    source_id: UUID
    sender_id: UUID
    form: Form = field(repr=False)
    fields: tuple[str, ...]
    """Merge fields that `people` gives after id, address, first and last name."""
    people: Question
    """Who of some contacts may get it now, with what is said to each."""
    facts: Mapping[int, Question] = field(default_factory=dict)
    """For each condition in the mail, by its place, which of some contacts it holds for."""
    own: Question | None = None
    """What the business's own fields say, where the mail asks for any; rows as `own_words` has them."""
    own_words: OwnWords | None = None
    return_domain: str = ""
    """Takes bounces in; empty where nobody does, and they go to the visible sender."""
    signing: Signing | None = None
    """None where the mail server signs, or nobody."""

    @property
    def path(self) -> ReturnPath:
        return ReturnPath(self.workspace_id, domain=self.return_domain, otherwise=self.form.sender)

    def to_json(self) -> dict[str, Any]:
        return {
            "workspace_id": self.workspace_id.hex,
            "source_id": self.source_id.hex,
            "sender_id": self.sender_id.hex,
            "form": form_to_json(self.form),
            "fields": self.fields,
            "people": [self.people.sql, self.people.parameters],
            "facts": {place: [asked.sql, asked.parameters] for place, asked in self.facts.items()},
            "own": [self.own.sql, self.own.parameters] if self.own else None,
            "own_words": self.own_words.to_json() if self.own_words else None,
            "return_domain": self.return_domain,
            "signing": [self.signing.domain, self.signing.keys] if self.signing else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        return cls(
            workspace_id=UUID(value["workspace_id"]),
            source_id=UUID(value["source_id"]),
            sender_id=UUID(value["sender_id"]),
            form=form_from_json(value["form"]),
            fields=tuple(value["fields"]),
            people=Question(value["people"][0], tuple(value["people"][1])),
            facts={int(place): Question(sql, tuple(given)) for place, (sql, given) in value["facts"].items()},
            own=Question(value["own"][0], tuple(value["own"][1])) if value["own"] else None,
            own_words=OwnWords.from_json(value["own_words"]) if value["own_words"] else None,
            return_domain=value["return_domain"],
            signing=_signing(value["signing"]),
        )


def signer_of(signing: Signing | None) -> MessageSigner | None:
    """What signs a plan's messages. Raises ValueError for what is no key."""
    if signing is None:
        return None
    # Loaded only where something is to be signed: the libraries that it needs take memory of their own.
    from plainsail.mail.services import dkim

    return dkim.signer(signing.domain, signing.keys)


def _signing(value: Sequence[Any] | None) -> Signing | None:
    if value is None:
        return None
    domain, keys = value
    return Signing(domain=domain, keys=tuple((selector, pem) for selector, pem in keys))
