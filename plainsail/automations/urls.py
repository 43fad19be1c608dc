"""Addresses of automations: staff screens."""

from __future__ import annotations

from django.urls import path

from plainsail.automations.views import automations, calls, exits, flow, inbound, people, questions, sequences, versions

app_urls = [path("inbound/automations/<slug:slug>/<str:hook>/", inbound.receive, name="inbound")]

workspace_urls = [
    path("automations/", automations.automations, name="automations"),
    path("automations/new/", automations.new, name="new"),
    path("automations/calls/", calls.calls, name="calls"),
    path("automations/calls/<uuid:call_id>/", calls.call, name="call"),
    path("automations/calls/<uuid:call_id>/retry/", calls.retry, name="retry_call"),
    path("automations/<uuid:automation_id>/", flow.automation, name="automation"),
    path("automations/<uuid:automation_id>/name/", automations.name, name="name"),
    path("automations/<uuid:automation_id>/deletion/", automations.deletion, name="deletion"),
    path("automations/<uuid:automation_id>/entry/", flow.entry, name="entry"),
    path("automations/<uuid:automation_id>/steps/", flow.steps, name="steps"),
    path("automations/<uuid:automation_id>/steps/<slug:step_id>/", flow.step, name="step"),
    path("automations/<uuid:automation_id>/counts/", flow.counts, name="counts"),
    path("automations/<uuid:automation_id>/redo/", flow.redo, name="redo"),
    path("automations/<uuid:automation_id>/versions/", versions.versions, name="versions"),
    path("automations/<uuid:automation_id>/versions/<int:number>/", versions.version, name="version"),
    path(
        "automations/<uuid:automation_id>/versions/<int:number>/restoration/", versions.restoration, name="restoration"
    ),
    path("automations/<uuid:automation_id>/people/", people.people, name="people"),
    path("automations/<uuid:automation_id>/people/<uuid:run_id>/moving/", people.moving, name="moving"),
    path("automations/<uuid:automation_id>/steps/<slug:step_id>/question/", questions.question, name="question"),
    path("automations/<uuid:automation_id>/steps/<slug:step_id>/shares/", questions.shares, name="shares"),
    path("automations/<uuid:automation_id>/steps/<slug:step_id>/copy/", flow.copy, name="copy"),
    path("automations/<uuid:automation_id>/steps/<slug:step_id>/removal/", flow.removal, name="removal"),
    path("automations/<uuid:automation_id>/steps/<slug:step_id>/order/", flow.order, name="order"),
    path("automations/<uuid:automation_id>/steps/<slug:step_id>/switch/", sequences.switch, name="switch"),
    path("automations/<uuid:automation_id>/sequence/", sequences.sequence, name="sequence"),
    path("automations/<uuid:automation_id>/mails/", sequences.mails, name="mails"),
    path("automations/<uuid:automation_id>/mails/order/", sequences.order, name="mail_order"),
    path("automations/<uuid:automation_id>/mails/<slug:step_id>/removal/", sequences.removal, name="mail_removal"),
    path("automations/<uuid:automation_id>/mails/<slug:step_id>/delay/", sequences.delay, name="delay"),
    path("automations/<uuid:automation_id>/exits/<int:number>/", exits.leaving, name="exit"),
    path("automations/<uuid:automation_id>/exits/<int:number>/removal/", exits.removal, name="exit_removal"),
    path("automations/<uuid:automation_id>/undo/", flow.undo, name="undo"),
    path("automations/<uuid:automation_id>/publication/", flow.publication, name="publication"),
    path("automations/<uuid:automation_id>/pause/", flow.pause, name="pause"),
    path("automations/<uuid:automation_id>/resumption/", flow.resumption, name="resumption"),
    path("automations/<uuid:automation_id>/people/<uuid:run_id>/retry/", people.retry, name="retry"),
    path("automations/<uuid:automation_id>/people/<uuid:run_id>/skip/", people.skip, name="skip"),
    path("automations/<uuid:automation_id>/people/<uuid:run_id>/leaving/", people.leaving, name="leaving"),
]
