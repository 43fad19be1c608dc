"""A business's site, its pages as block documents with their history, its forms, and what is published of them."""

from plainsail.pages.models.forms import Form, FormVersion, Submission, SubmissionQuerySet, Unfinished
from plainsail.pages.models.pages import Page, PageQuerySet, PageRevision, PageRevisionQuerySet
from plainsail.pages.models.posts import Post, PostTag
from plainsail.pages.models.published import PublishedSnapshot
from plainsail.pages.models.sites import Redirect, Republishing, Site, SiteScript

__all__ = [
    "Form",
    "FormVersion",
    "Page",
    "PageQuerySet",
    "PageRevision",
    "PageRevisionQuerySet",
    "Post",
    "PostTag",
    "PublishedSnapshot",
    "Redirect",
    "Republishing",
    "Site",
    "SiteScript",
    "Submission",
    "SubmissionQuerySet",
    "Unfinished",
]
