"""People outside the business, what is known of them, and how they come in and go out."""

from plainsail.contacts.models.bulk import BulkAction, BulkChange
from plainsail.contacts.models.erasures import Erasure
from plainsail.contacts.models.fields import MILLION, CustomField, FieldValue
from plainsail.contacts.models.importing import ContactExport, Import, ImportedContact, ImportFault, ImportMapping
from plainsail.contacts.models.people import (
    ConsentEntry,
    Contact,
    ContactQuerySet,
    Engagement,
    ErasureRequest,
    LastChange,
    List,
    ListMember,
    MailPause,
    Suppression,
)
from plainsail.contacts.models.scores import ScoreEntry, ScoreLevel, ScoreRule, Scoring
from plainsail.contacts.models.segments import ChangedContact, Segment, SegmentMember
from plainsail.contacts.models.tags import ContactTag, Tag
from plainsail.contacts.models.tallies import Tally
from plainsail.contacts.models.work import Note, Task

__all__ = [
    "MILLION",
    "BulkAction",
    "BulkChange",
    "ChangedContact",
    "ConsentEntry",
    "Contact",
    "ContactExport",
    "ContactQuerySet",
    "ContactTag",
    "CustomField",
    "Engagement",
    "Erasure",
    "ErasureRequest",
    "FieldValue",
    "Import",
    "ImportFault",
    "ImportMapping",
    "ImportedContact",
    "LastChange",
    "List",
    "ListMember",
    "MailPause",
    "Note",
    "ScoreEntry",
    "ScoreLevel",
    "ScoreRule",
    "Scoring",
    "Segment",
    "SegmentMember",
    "Suppression",
    "Tag",
    "Tally",
    "Task",
]
