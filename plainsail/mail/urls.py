"""Addresses of mail: staff screens, and the mailbox of the local catcher."""

from __future__ import annotations

from django.urls import path

from plainsail.mail.views import broadcasts, departures, domains, editor, gate, mailbox, senders, uncertain

workspace_urls = [
    path("emails/", broadcasts.emails, name="emails"),
    path("emails/new/", broadcasts.new, name="new"),
    path("emails/<uuid:broadcast_id>/", broadcasts.broadcast, name="broadcast"),
    path("emails/<uuid:broadcast_id>/audience/", broadcasts.choose, name="audience"),
    path("emails/<uuid:broadcast_id>/count/", broadcasts.count, name="count"),
    path("emails/<uuid:broadcast_id>/copy/", broadcasts.copy, name="copy"),
    path("emails/<uuid:broadcast_id>/deletion/", broadcasts.deletion, name="deletion"),
    path("emails/<uuid:broadcast_id>/check/", departures.check, name="check"),
    path("emails/<uuid:broadcast_id>/departure/", departures.departure, name="departure"),
    path("emails/<uuid:broadcast_id>/test/", departures.test, name="test"),
    path("emails/<uuid:broadcast_id>/stop/", departures.stop, name="stop"),
    path("emails/<uuid:broadcast_id>/pause/", departures.pause, name="pause"),
    path("emails/<uuid:broadcast_id>/continuation/", departures.continuation, name="continuation"),
    path("emails/<uuid:broadcast_id>/uncertain/", uncertain.listed, name="uncertain"),
    path("emails/<uuid:broadcast_id>/uncertain/decision/", uncertain.decision, name="decision"),
    path("emails/<uuid:broadcast_id>/progress/", departures.progress, name="progress"),
    path("emails/<uuid:broadcast_id>/resend/", departures.resend, name="resend"),
    path("emails/<uuid:broadcast_id>/resume/", departures.resume, name="resume"),
    path("emails/write/<uuid:email_id>/", editor.editor, name="email"),
    path("emails/write/<uuid:email_id>/preview/", editor.preview, name="preview"),
    path("emails/write/<uuid:email_id>/panel/", editor.panel, name="panel"),
    path("emails/write/<uuid:email_id>/edits/", editor.edits, name="edits"),
    path("emails/write/<uuid:email_id>/undo/", editor.undo, name="undo"),
    path("emails/write/<uuid:email_id>/redo/", editor.redo, name="redo"),
    path("emails/write/<uuid:email_id>/head/", editor.head, name="head"),
    path("emails/<uuid:broadcast_id>/override/", gate.override, name="override"),
    path("settings/domains/", domains.listed, name="domains"),
    path("settings/domains/new/", domains.new, name="new_domain"),
    path("settings/domains/<uuid:sending_domain_id>/", domains.domain, name="domain"),
    path("settings/domains/<uuid:sending_domain_id>/look/", domains.look, name="look_at_domain"),
    path("settings/domains/<uuid:sending_domain_id>/keys/", domains.keys, name="new_keys"),
    path(
        "settings/domains/<uuid:sending_domain_id>/keys/<uuid:dkim_key_id>/removal/", domains.forget, name="forget_key"
    ),
    path("settings/domains/<uuid:sending_domain_id>/removal/", domains.removal, name="remove_domain"),
    path("settings/senders/", senders.listed, name="senders"),
    path("settings/senders/new/", senders.new, name="new_sender"),
    path("settings/senders/<uuid:sender_id>/", senders.sender, name="sender"),
    path("settings/senders/<uuid:sender_id>/limits/", senders.limits, name="limits"),
    path("settings/senders/<uuid:sender_id>/default/", senders.default, name="default_sender"),
    path("settings/senders/<uuid:sender_id>/resume/", senders.resume, name="resume_sender"),
]

app_urls = [
    path("mailbox/", mailbox.messages, name="mailbox"),
    path("mailbox/clearing/", mailbox.clearing, name="clearing"),
    path("mailbox/<str:key>/", mailbox.message, name="message"),
    path("mailbox/<str:key>/html/", mailbox.html, name="message_html"),
    path("mailbox/<str:key>/raw/", mailbox.raw, name="message_raw"),
    path("mailbox/<str:key>/attachments/<int:number>/", mailbox.attachment, name="attachment"),
]
