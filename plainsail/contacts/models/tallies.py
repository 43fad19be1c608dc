"""How many people a tag or a list has, kept while they come and go."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from plainsail.kernel.models import WorkspaceKey, WorkspaceOwned


class Tally(WorkspaceOwned):
    """How many more, or fewer, contacts a tag or a list has since a change: the rows of one add up to its number.

    Written by the database in the statement that changes the memberships, and merged by it now and then. Rows are added
    and never changed, so that those who tag people at the same time don't wait for each other.
    """

    class Kind(models.TextChoices):
        TAG = "tag"
        SUBSCRIBED = "subscribed"
        PENDING = "pending"

    workspace = WorkspaceKey(related_name="tallies", db_constraint=False)
    kind = models.CharField(max_length=12, choices=Kind)
    of = models.UUIDField()
    """Id of the tag or the list."""
    number = models.BigIntegerField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "kind", "of"], include=["number"], name="contacts_tally_of"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.of}: {self.number:+}"
