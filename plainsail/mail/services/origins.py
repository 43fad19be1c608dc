"""Where a mail says that it comes from: business, site, sender, and what an edition compiles to."""

from __future__ import annotations

from uuid import UUID

from plainsail.accounts.services import hosts
from plainsail.blocks.services import rendering
from plainsail.contacts.models import List
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Edition, Email, Sender
from plainsail.mail.services import headers
from plainsail.mail.services.compiling import Compiled, Origin, Words, compile_mail


def business() -> Workspace:
    """The business whose workspace is open."""
    return Workspace.objects.get(id=current_workspace_id())


def site_of(workspace: Workspace) -> str:
    """Origin of a business's site, without a trailing slash."""
    return hosts.public_url(workspace, "")


def origin(
    workspace: Workspace, sender: Sender, *, source_id: UUID, topic: List | None, is_tracked: bool = True
) -> Origin:
    """Everything that all messages of one source have in common. Raises Unmailable for a sender without an address."""
    return Origin(
        workspace_id=workspace.id,
        source_id=source_id,
        business=rendering.Business(name=workspace.name, postal_address=workspace.postal_address),
        site=site_of(workspace),
        name=sender.name,
        address=headers.address(sender.address),
        reply_to=sender.reply_to,
        list_id=topic.id if topic else None,
        list_name=topic.name if topic else "",
        is_tracked=is_tracked,
    )


def compile_written(written: Email | Edition, origin: Origin, *, language: str) -> Compiled:
    """A mail or an edition of it, worked out for sending from there. Raises InvalidDocument."""
    words = Words(
        subject=written.subject,
        preheader=written.preheader,
        document=written.read(),
        language=language,
        text=written.text,
    )
    return compile_mail(words, origin)


def compile_document(written: Email | Edition, origin: Origin, *, language: str) -> Compiled:
    """The same with the text part made from the document, whatever words of its own it has. Raises InvalidDocument."""
    words = Words(subject=written.subject, preheader=written.preheader, document=written.read(), language=language)
    return compile_mail(words, origin)
