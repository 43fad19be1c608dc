"""Addresses of mail: staff screens, and the mailbox of the local catcher."""

from __future__ import annotations

from django.urls import path

from plainsail.mail.views import (
    archives,
    broadcasts,
    departures,
    editor,
    mailbox,
    notices,
    public,
    reports,
    senders,
    testing,
    writing,
)

workspace_urls = [
    path("emails/", broadcasts.emails, name="emails"),
    path("emails/new/", writing.new, name="new"),
    path("emails/archives/", archives.archives, name="archives"),
    path("emails/archives/<uuid:list_id>/", archives.archiving, name="archiving"),
    path("emails/starters/<slug:key>/", writing.starter, name="starter"),
    path("emails/<uuid:broadcast_id>/", broadcasts.broadcast, name="broadcast"),
    path("emails/<uuid:broadcast_id>/audience/", broadcasts.choose, name="audience"),
    path("emails/<uuid:broadcast_id>/count/", broadcasts.count, name="count"),
    path("emails/<uuid:broadcast_id>/copy/", broadcasts.copy, name="copy"),
    path("emails/<uuid:broadcast_id>/deletion/", broadcasts.deletion, name="deletion"),
    path("emails/<uuid:broadcast_id>/check/", departures.check, name="check"),
    path("emails/<uuid:broadcast_id>/inspection/", departures.inspection, name="inspection"),
    path("emails/<uuid:broadcast_id>/departure/", departures.departure, name="departure"),
    path("emails/<uuid:broadcast_id>/test/", departures.test, name="test"),
    path("emails/<uuid:broadcast_id>/repetition/", departures.repetition, name="repetition"),
    path("emails/<uuid:broadcast_id>/variants/", testing.testing, name="testing"),
    path("emails/<uuid:broadcast_id>/variants/new/", testing.add, name="add_variant"),
    path("emails/<uuid:broadcast_id>/variant/", testing.variant, name="variant"),
    path("emails/<uuid:broadcast_id>/variant/removal/", testing.removal, name="remove_variant"),
    path("emails/<uuid:broadcast_id>/clicks/", reports.click_map, name="click_map"),
    path("emails/<uuid:broadcast_id>/numbers/", reports.numbers, name="numbers"),
    path("emails/<uuid:broadcast_id>/stop/", departures.stop, name="stop"),
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
    path("emails/write/<uuid:email_id>/look/", writing.look, name="look"),
    path("emails/write/<uuid:email_id>/text/", writing.text, name="text"),
    path("emails/write/<uuid:email_id>/keeping/", writing.keep, name="keep"),
    path("emails/write/<uuid:email_id>/dropping/", writing.drop, name="drop"),
    path("settings/notices/", notices.listed, name="notices"),
    path("settings/notices/<str:kind>/", notices.notice, name="notice"),
    path("settings/notices/<str:kind>/preview/", notices.preview, name="notice_preview"),
    path("settings/notices/<str:kind>/original/", notices.restoration, name="restore_notice"),
    path("settings/notices/<str:kind>/switch/", notices.switching, name="switch_notice"),
    path("settings/senders/", senders.listed, name="senders"),
    path("settings/senders/new/", senders.new, name="new_sender"),
    path("settings/senders/<uuid:sender_id>/", senders.sender, name="sender"),
    path("settings/senders/<uuid:sender_id>/default/", senders.default, name="default_sender"),
    path("settings/senders/<uuid:sender_id>/resume/", senders.resume, name="resume_sender"),
]

public_urls = [
    path("letter/<str:token>/", public.letter, name="letter"),
    path("archive/<slug:slug>/", public.archive, name="archive"),
    path("archive/<slug:slug>/<uuid:broadcast_id>/", public.archived, name="archived"),
]

app_urls = [
    path("mailbox/", mailbox.messages, name="mailbox"),
    path("mailbox/clearing/", mailbox.clearing, name="clearing"),
    path("mailbox/<str:key>/", mailbox.message, name="message"),
    path("mailbox/<str:key>/html/", mailbox.html, name="message_html"),
    path("mailbox/<str:key>/raw/", mailbox.raw, name="message_raw"),
    path("mailbox/<str:key>/attachments/<int:number>/", mailbox.attachment, name="attachment"),
]
