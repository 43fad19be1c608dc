"""Addresses of the installation’s own billing."""

from django.urls import path

from plainsail.hosting.views import billing, plan

workspace_urls = [
    path("settings/billing/", billing.billing, name="billing"),
    path("settings/billing/plan/", billing.take_plan, name="take_plan"),
    path("settings/billing/change/", plan.change, name="change"),
    path("settings/billing/change/undo/", plan.take_back, name="take_back_change"),
    path("settings/billing/cancellation/", billing.cancel, name="cancel"),
    path("settings/billing/cancellation/undo/", billing.undo, name="undo"),
]
