"""A business's site, its pages as block documents with their history, its forms, and what is published of them."""

from plainsail.pages.models.countdowns import Countdown, CountdownStart
from plainsail.pages.models.forms import Form, FormVersion, Submission, SubmissionQuerySet, Unfinished
from plainsail.pages.models.pages import Page, PageQuerySet, PageRevision, PageRevisionQuerySet
from plainsail.pages.models.popups import Popup, PopupDay
from plainsail.pages.models.posts import Post, PostTag
from plainsail.pages.models.published import PublishedSnapshot
from plainsail.pages.models.sites import Redirect, Republishing, Site, SiteScript
from plainsail.pages.models.splits import SplitSale, SplitTest, SplitVariant

__all__ = [
    "Countdown",
    "CountdownStart",
    "Form",
    "FormVersion",
    "Page",
    "PageQuerySet",
    "PageRevision",
    "PageRevisionQuerySet",
    "Popup",
    "PopupDay",
    "Post",
    "PostTag",
    "PublishedSnapshot",
    "Redirect",
    "Republishing",
    "Site",
    "SiteScript",
    "SplitSale",
    "SplitTest",
    "SplitVariant",
    "Submission",
    "SubmissionQuerySet",
    "Unfinished",
]
