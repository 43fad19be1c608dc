"""Everything that accounts plugs into others."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts import queries
from plainsail.accounts.middleware import person_of
from plainsail.accounts.services import hosts, people
from plainsail.accounts.sockets import AUDIT_ACTIONS, AuditAction
from plainsail.kernel.personal_data import PERSONAL_DATA, Kept, PersonalData
from plainsail.kernel.upkeep import AFTER_MIGRATE
from plainsail.ui import sockets
from plainsail.ui.sockets import AccountItem, Banner, BannerSource, SettingsItem, Switcher, SwitcherEntry

FACTORS = ("mfa_index", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_list_webauthn", "mfa_add_webauthn")
CODES = ("mfa_edit_webauthn", "mfa_remove_webauthn", "mfa_view_recovery_codes", "mfa_generate_recovery_codes")
ACCOUNT = ("account_email", "account_change_password", "account_set_password", "usersessions_list")

sockets.SETTINGS.register("profile", SettingsItem(label=_("Profile"), url="accounts:profile", order=10))
sockets.SETTINGS.register(
    "security",
    SettingsItem(label=_("Security"), url="accounts:security", order=20, pages=(*FACTORS, *CODES, *ACCOUNT)),
)
sockets.SETTINGS.register(
    "business", SettingsItem(label=_("Business"), url="accounts:business", order=30, can="accounts.manage")
)
sockets.SETTINGS.register(
    "site_domains",
    SettingsItem(
        label=_("Domains"), url="accounts:domains", order=35, can="accounts.manage", pages=("accounts:domain",)
    ),
)
sockets.SETTINGS.register("people", SettingsItem(label=_("People"), url="accounts:people", order=40))
sockets.SETTINGS.register(
    "api_keys",
    SettingsItem(
        label=_("API keys"), url="accounts:api_keys", order=90, can="accounts.manage", pages=("revoke_api_key",)
    ),
)
sockets.SETTINGS.register(
    "activity", SettingsItem(label=_("Audit log"), url="accounts:activity", order=95, can="accounts.manage")
)

sockets.ACCOUNT.register(
    "profile", AccountItem(label=_("Profile"), icon="user", url="accounts:profile", order=10, in_workspace=True)
)
sockets.ACCOUNT.register(
    "security", AccountItem(label=_("Security"), icon="shield-check", url="accounts:my_security", order=20)
)
sockets.ACCOUNT.register(
    "sign_out", AccountItem(label=_("Sign out"), icon="log-out", url="account_logout", order=90, method="post")
)


def switcher_entries(request: HttpRequest) -> Iterator[SwitcherEntry]:
    """The person's businesses, for the switcher at the top."""
    current = getattr(request, "workspace", None)
    person = person_of(request)
    for membership in queries.memberships_of(person) if person else []:
        yield SwitcherEntry(
            name=membership.workspace.name,
            href=hosts.home_path(membership.workspace),
            is_current=current is not None and current.pk == membership.workspace_id,
        )


sockets.SWITCHER.register("accounts", Switcher(entries=switcher_entries, new_url="accounts:new_business"))


def unconfirmed(request: HttpRequest) -> Banner | None:
    """A reminder to whoever hasn't shown yet to read mail at the address."""
    person = person_of(request)
    if person is None or people.is_confirmed(person):
        return None
    return Banner(
        tone="info",
        words=_text("We sent a mail to %(address)s. Open the link in it, so that we know it reaches you.")
        % {"address": person.email},
        label=_text("Your addresses"),
        href=reverse("account_email", urlconf="plainsail.urls"),
    )


sockets.BANNERS.register("accounts.unconfirmed", BannerSource(show=unconfirmed, order=10))

for key, label in {
    "workspace_created": _("Opened the business"),
    "workspace_changed": _("Changed the business’s settings"),
    "address_changed": _("Changed the web address"),
    "member_invited": _("Invited"),
    "invitation_revoked": _("Took back the invitation"),
    "member_joined": _("Joined"),
    "role_changed": _("Changed the role"),
    "member_removed": _("Removed from the business"),
    "member_left": _("Left the business"),
    "business_handed_over": _("Handed the business over"),
    "api_key_made": _("Made the API key"),
    "api_key_revoked": _("Revoked the API key"),
    "domain_added": _("Added the domain"),
    "domain_verified": _("Found the domain’s records"),
    "domain_made_first": _("Made the site’s first address"),
    "domain_removed": _("Removed the domain"),
}.items():
    AUDIT_ACTIONS.register(f"accounts.{key}", AuditAction(label=label))

PERSONAL_DATA.register(
    "accounts.invitation",
    PersonalData(fields=("email",), erase="delete", ground="about people who work here, not customers"),
)
PERSONAL_DATA.register(
    "accounts.domain", PersonalData(fields=(), erase="keep", ground="The business's own names; names no person.")
)
PERSONAL_DATA.register(
    "accounts.auditentry",
    PersonalData(
        fields=("person_name", "subject", "details", "ip"),
        erase="keep",
        ground="shows who did what in the business; a legitimate interest, and it names staff",
        kept=Kept(category="security_log", columns=("at", "action", "person_name", "ip"), dated="at"),
    ),
)

AFTER_MIGRATE.register("accounts.hosts", hosts.follow_base_domain)
