"""`plainsail api-key`: keys for programs, by the same services as the page in Settings."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from plainsail.cli.closing import NoSuchBusiness
from plainsail.cli.errors import Refused


class NoSuchKey(Refused):
    """The business has no key of this beginning, or no member of this address."""


class CannotMake(Refused):
    """The key can't be made; the message says why."""


def make(slug: str, *, name: str, scopes: Sequence[str], email: str, days: int | None, at: datetime) -> str:
    """Make a key as a member, the first owner where none is named; returns its secret. Raises NoSuchBusiness, NoSuchKey, CannotMake."""
    from plainsail.accounts.services import api_keys
    from plainsail.kernel.errors import Refusal
    from plainsail.kernel.tenancy import workspace

    business = find_business(slug)
    member = _member(business, email)
    until = at + timedelta(days=days) if days else None
    with workspace(business):
        try:
            _key, secret = api_keys.make(
                business, name=name, scopes=scopes, of=member, by=None, at=at, expires_at=until
            )
        except api_keys.UnknownScope as refusal:
            raise CannotMake(f"There are these scopes: {', '.join(api_keys.every_scope())}.") from refusal
        except Refusal as refusal:
            raise CannotMake(str(refusal)) from refusal
    return f"{secret}\nIt is {member.user.email}’s, and nobody can look it up later."


def told(slug: str, *, at: datetime) -> str:
    """The keys of a business, one a line. Raises NoSuchBusiness."""
    from plainsail.accounts import queries

    rows = [
        f"{key.beginning}…  {key.name}  {' '.join(key.scopes)}  {_state(key, at=at)}"
        for key in queries.api_keys(find_business(slug))
    ]
    return "\n".join(rows) or "No keys."


def revoke(slug: str, beginning: str, *, at: datetime) -> str:
    """Revoke a key by its beginning or name. Raises NoSuchBusiness, NoSuchKey."""
    from plainsail.accounts import queries
    from plainsail.accounts.services import api_keys
    from plainsail.kernel.tenancy import workspace

    business = find_business(slug)
    wanted = beginning.rstrip("….")
    found = [key for key in queries.keys_in_use(business) if wanted in {key.beginning, key.name}]
    if len(found) != 1:
        raise NoSuchKey(f"{slug} has no key in use that begins with or is called {beginning!r}.")
    with workspace(business):
        api_keys.revoke(found[0], by=None, at=at)
    return f"{found[0].name} ({found[0].beginning}…) is revoked."


def find_business(slug: str) -> Any:
    """The business of a web address. Raises NoSuchBusiness."""
    from plainsail.kernel.models import Workspace

    found = Workspace.objects.filter(slug=slug).exclude(state=Workspace.State.CLOSED).first()
    if found is None:
        raise NoSuchBusiness(f"No business has the web address {slug!r}.")
    return found


def _member(business: Any, email: str) -> Any:
    from plainsail.accounts.models import Role, normal_address

    members = business.memberships.select_related("user").order_by("created_at", "id")
    wanted = members.filter(user__email=normal_address(email)) if email else members.filter(role=Role.OWNER)
    found = wanted.first()
    if found is None:
        raise NoSuchKey(f"{business.slug} has no member {email!r}.")
    return found


def _state(key: Any, *, at: datetime) -> str:
    if key.revoked_at:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.is_expired(at=at):
        return f"expired {key.expires_at:%Y-%m-%d}"
    return f"last used {key.used_at:%Y-%m-%d %H:%M} UTC" if key.used_at else "never used"
