"""Where pages show a file of the business: in a draft, in what is live, in a version that could be restored, where a page is
shared or a post announced, or for the whole site.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from plainsail.files.sockets import Use
from plainsail.kernel.addresses import workspace_url
from plainsail.pages.models import Page, PageRevision, Site


def of_file(file_id: UUID) -> list[Use]:
    """The pages that name a file anywhere, also as a link to it. Reads every document of the business once."""
    needles = (str(file_id), file_id.hex)
    found = Page.objects.annotate(words=Cast("draft", TextField())).filter(_names("words", needles))
    versions = (
        PageRevision.objects.versions().annotate(words=Cast("document", TextField())).filter(_names("words", needles))
    )
    ids = {*found.values_list("id", flat=True), *versions.values_list("page_id", flat=True)}
    announced = Q(social_image=file_id) | Q(posts__cover__file=str(file_id))
    pages = Page.objects.filter(Q(id__in=ids) | announced).select_related("workspace").order_by("title", "id")
    shown = Site.objects.filter(_names("icon_url", needles) | _names("social_image_url", needles))
    return [
        *(Use(label=page.title, url=workspace_url(page.workspace, "pages:page", page.id)) for page in pages),
        *(
            Use(label=_("Site"), url=workspace_url(site.workspace, "pages:site"))
            for site in shown.select_related("workspace")
        ),
    ]


def _names(column: str, needles: tuple[str, ...]) -> Q:
    condition = Q()
    for needle in needles:
        condition |= Q(**{f"{column}__contains": needle})
    return condition
