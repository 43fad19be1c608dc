"""Where mails show a file of the business: in one that is being written, in a template, or in one that was sent."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from plainsail.files.sockets import Use
from plainsail.kernel.addresses import workspace_url
from plainsail.mail.models import Edition, Email


def of_file(file_id: UUID) -> list[Use]:
    """The mails that name a file, also as a link to it: whoever opens an old mail shall still see it. Reads every document once."""
    names = Q(words__contains=str(file_id)) | Q(words__contains=file_id.hex)
    found = Email.objects.annotate(words=Cast("document", TextField())).filter(names)
    sent = Edition.objects.annotate(words=Cast("document", TextField())).filter(names)
    ids = {*found.values_list("id", flat=True), *sent.values_list("email_id", flat=True)}
    mails = Email.objects.filter(id__in=ids).select_related("workspace").order_by("subject", "id")
    return [Use(label=str(mail), url=workspace_url(mail.workspace, "mail:email", mail.id)) for mail in mails]
