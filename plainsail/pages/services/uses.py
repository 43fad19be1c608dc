"""Where pages show a file of the business: in a draft, in what is live, in a version that could be restored, where a page is
shared or a post announced, or for the whole site. And which forms and countdowns name a list.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from plainsail.contacts.models import List
from plainsail.contacts.sockets import ListUse
from plainsail.files.sockets import Use
from plainsail.kernel.addresses import workspace_url
from plainsail.pages.models import Countdown, Form, Page, PageRevision, Site


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


def of_list(topic: List) -> list[ListUse]:
    """Forms that put people on a list or offer it, and countdowns that begin with it; those put away don't need it any more."""
    key = [str(topic.pk)]
    named = Q(list=topic) | Q(more_lists__contains=key) | Q(offered_lists__contains=key)
    forms = Form.objects.filter(named).select_related("workspace").order_by("is_archived", "name", "id")
    countdowns = Countdown.objects.filter(list=topic).select_related("workspace").order_by("is_archived", "name", "id")
    return [
        *(_list_use(_("Form “%(name)s”"), one, "pages:form_settings") for one in forms),
        *(_list_use(_("Countdown “%(name)s”"), one, "pages:countdown") for one in countdowns),
    ]


def _list_use(words: str, one: Form | Countdown, page: str) -> ListUse:
    url = workspace_url(one.workspace, page, one.pk)
    return ListUse(words % {"name": one.name}, url, is_at_work=not one.is_archived)


def _names(column: str, needles: tuple[str, ...]) -> Q:
    condition = Q()
    for needle in needles:
        condition |= Q(**{f"{column}__contains": needle})
    return condition
