"""What the owner of a closing business is told by mail: by the installation, since the business itself sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from django.urls import reverse
from django.utils import translation

from plainsail.accounts.services import hosts, letters
from plainsail.hosting.models import Closure
from plainsail.hosting.services.obstacles import Obstacle
from plainsail.kernel import languages

Kind = Literal["winding_down", "closed", "erased_soon", "not_erased_yet"]


def send(closure: Closure, kind: Kind, *, in_the_way: Sequence[Obstacle] = ()) -> None:
    """Mail the owner what has happened, in their language; leaves after the commit. Nothing where no address is known."""
    if not closure.email:
        return
    with translation.override(language_of(closure)):
        letters.send(f"hosting/mail/{kind}", to=closure.email, context=context_of(closure) | {"in_the_way": in_the_way})


def language_of(closure: Closure) -> str:
    return languages.first_known(closure.locale, closure.workspace.locale)


def context_of(closure: Closure) -> dict[str, Any]:
    path = reverse("hosting:closing", "plainsail.urls", [closure.workspace.slug])
    return {"closure": closure, "business": closure.workspace, "url": hosts.app_url(path)}
