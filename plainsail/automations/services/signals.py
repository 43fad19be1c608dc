"""What other programs tell of a contact: by the API, or by a message to the secret address of an automation."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from plainsail.automations.events import HookCalled, SignalReceived
from plainsail.automations.models import Automation
from plainsail.contacts.models import Contact
from plainsail.contacts.services import contacts
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.models import Workspace

LARGEST = 64 * 1024
"""Bytes of a message."""
LONGEST_PATH = 10


class NoAddress(Refusal):
    """The message names nobody: there is no address where the automation looks for one."""

    code = "no_address"
    message = _("There is no e-mail address in this message where it is looked for.")
    status = 422


def receive(*, signal: str, email: str, at: datetime, fields: Mapping[str, Any] | None = None) -> Contact:
    """A program says that something happened to somebody, who is made if need be. Raises BadAddress."""
    contact = contacts.find_or_create(email=email, source="api", at=at, fields=fields)
    publish(SignalReceived(signal=signal, contact_id=contact.id, at=at))
    return contact


def new_hook() -> str:
    """The secret part of an automation's address: whoever knows it may call."""
    return secrets.token_urlsafe(24)


def business_of(slug: str) -> Workspace | None:
    """The open business whose automations an address belongs to."""
    return Workspace.objects.filter(slug=slug, state=Workspace.State.OPEN).first()


def listening(hook: str) -> Automation | None:
    """The live automation of an address."""
    live = Automation.objects.filter(listens_to="automations.hook", listens_for=hook, state=Automation.State.LIVE)
    found: Automation | None = live.select_related("version").first()
    return found


def call(automation: Automation, message: Any, *, at: datetime) -> Contact:
    """Take in a message to an automation's address: find or make its contact, fill what is empty. Raises NoAddress, BadAddress."""
    assert automation.version is not None, "only live automations have an address"
    config = automation.version.document["trigger"]["config"]
    email = at_path(message, config["email"])
    if not isinstance(email, str) or not email.strip():
        raise NoAddress(field="email")
    given = {name: at_path(message, config[name]) for name in ("first_name", "last_name", "phone") if config.get(name)}
    fields = {name: value for name, value in given.items() if isinstance(value, str) and value}
    contact = contacts.find_or_create(email=email, source="webhook", at=at, fields=fields)
    publish(HookCalled(hook=config["hook"], contact_id=contact.id, at=at))
    return contact


def at_path(message: Any, path: str) -> Any:
    """What stands in a message at a path such as `customer.email` or `items.0.name`; None where nothing does."""
    for name in path.split(".")[:LONGEST_PATH]:
        if isinstance(message, Mapping):
            message = message.get(name)
        elif isinstance(message, list) and name.isdecimal() and int(name) < len(message):
            message = message[int(name)]
        else:
            return None
    return message
