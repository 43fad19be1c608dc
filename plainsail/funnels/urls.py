"""Addresses of funnels: staff screens, and the ways from step to step on a site's host."""

from __future__ import annotations

from django.urls import path

from plainsail.funnels.views import buying, funnels, mapping, numbers, public, sharing

workspace_urls = [
    path("funnels/", funnels.funnels, name="funnels"),
    path("funnels/new/", funnels.new, name="new"),
    path("funnels/import/", sharing.importing, name="importing"),
    path("funnels/redemption/", sharing.redemption, name="redemption"),
    path("funnels/<uuid:funnel_id>/", mapping.funnel, name="funnel"),
    path("funnels/<uuid:funnel_id>/name/", funnels.name, name="name"),
    path("funnels/<uuid:funnel_id>/deletion/", funnels.deletion, name="deletion"),
    path("funnels/<uuid:funnel_id>/publication/", funnels.publication, name="publication"),
    path("funnels/<uuid:funnel_id>/pause/", funnels.pause, name="pause"),
    path("funnels/<uuid:funnel_id>/steps/", mapping.steps, name="steps"),
    path("funnels/<uuid:funnel_id>/steps/<uuid:step_id>/", mapping.step, name="step"),
    path("funnels/<uuid:funnel_id>/steps/<uuid:step_id>/content/", mapping.content, name="content"),
    path("funnels/<uuid:funnel_id>/steps/<uuid:step_id>/order/", mapping.order, name="order"),
    path("funnels/<uuid:funnel_id>/steps/<uuid:step_id>/removal/", mapping.removal, name="removal"),
    path("funnels/<uuid:funnel_id>/numbers/", numbers.numbers, name="numbers"),
    path("funnels/<uuid:funnel_id>/simulation/", numbers.simulation, name="simulation"),
    path("funnels/<uuid:funnel_id>/sharing/", sharing.sharing, name="sharing"),
    path("funnels/<uuid:funnel_id>/package.zip", sharing.package, name="package"),
    path("funnels/<uuid:funnel_id>/codes/<uuid:code_id>/withdrawal/", sharing.withdrawal, name="withdrawal"),
]

public_urls = [
    path("go/<uuid:step_id>/", public.onward, name="next"),
    path("go/<uuid:step_id>/offer/", buying.offer, name="offer"),
    path("go/<uuid:step_id>/<slug:answer>/", public.onward, name="answer"),
]
