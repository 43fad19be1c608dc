"""Addresses of accounts. Signing in and its kin are allauth's, under `/accounts/`."""

from __future__ import annotations

from django.urls import path

from plainsail.accounts.views import activity, api_keys, business, domains, entrance, health, joining, people, profile

app_urls = [
    path("", entrance.home, name="home"),
    path("businesses/new/", entrance.new_business, name="new_business"),
    path("security/", entrance.security, name="my_security"),
    path("invitations/<str:token>/", joining.invitation, name="invitation"),
    path("invitations/<str:token>/acceptance/", joining.accept, name="accept_invitation"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

workspace_urls = [
    path("settings/", business.settings, name="settings"),
    path("settings/profile/", profile.profile, name="profile"),
    path("settings/security/", profile.security, name="security"),
    path("settings/business/", business.business, name="business"),
    path("settings/business/address/", business.address, name="address"),
    path("settings/domains/", domains.domains, name="domains"),
    path("settings/domains/first/", domains.none_first, name="no_first_domain"),
    path("settings/domains/<uuid:domain_id>/", domains.domain, name="domain"),
    path("settings/domains/<uuid:domain_id>/look/", domains.look, name="look_at_domain"),
    path("settings/domains/<uuid:domain_id>/first/", domains.first, name="first_domain"),
    path("settings/domains/<uuid:domain_id>/removal/", domains.remove, name="remove_domain"),
    path("settings/people/", people.people, name="people"),
    path("settings/people/invitations/", people.invite, name="invite"),
    path("settings/people/invitations/<uuid:invitation_id>/revocation/", people.revoke, name="revoke_invitation"),
    path("settings/people/<uuid:member_id>/role/", people.change_role, name="change_role"),
    path("settings/people/<uuid:member_id>/removal/", people.remove, name="remove_member"),
    path("settings/people/departure/", people.leave, name="leave"),
    path("settings/people/ownership/", people.hand_over, name="hand_over"),
    path("settings/api-keys/", api_keys.api_keys, name="api_keys"),
    path("settings/api-keys/<uuid:key_id>/revocation/", api_keys.revoke, name="revoke_api_key"),
    path("settings/log/", activity.activity, name="activity"),
]
