"""Addresses of the pages area: staff screens, and what stands on a site's host beside published pages."""

from __future__ import annotations

from django.urls import path

from plainsail.pages.views import (
    audience,
    countdowns,
    editor,
    embedding,
    forms,
    live,
    pages,
    popups,
    public,
    sent,
    splits,
    versions,
)

workspace_urls = [
    path("pages/", pages.pages, name="pages"),
    path("pages/new/", pages.new, name="new"),
    path("pages/forms/", forms.forms, name="forms"),
    path("pages/forms/new/", forms.new_form, name="new_form"),
    path("pages/forms/<uuid:form_id>/", forms.form_settings, name="form_settings"),
    path("pages/forms/<uuid:form_id>/draft/", forms.form_draft, name="form_draft"),
    path("pages/forms/<uuid:form_id>/preview/", forms.form_preview, name="form_preview"),
    path("pages/forms/<uuid:form_id>/copy/", forms.form_copy, name="form_copy"),
    path("pages/forms/<uuid:form_id>/archive/", forms.form_archive, name="form_archive"),
    path("pages/forms/<uuid:form_id>/elsewhere/", forms.form_elsewhere, name="form_elsewhere"),
    path("pages/forms/<uuid:form_id>/answers/", sent.answers, name="answers"),
    path("pages/forms/<uuid:form_id>/answers.csv", sent.answers_csv, name="answers_csv"),
    path("pages/forms/<uuid:form_id>/answers/<uuid:submission_id>/acceptance/", sent.let_in, name="let_in"),
    path("pages/forms/<uuid:form_id>/answers/<uuid:submission_id>/removal/", sent.discard, name="discard"),
    path("pages/forms/<uuid:form_id>/numbers/", sent.numbers, name="form_numbers"),
    path("pages/countdowns/", countdowns.countdowns, name="countdowns"),
    path("pages/countdowns/new/", countdowns.new_countdown, name="new_countdown"),
    path("pages/countdowns/<uuid:countdown_id>/", countdowns.countdown, name="countdown"),
    path("pages/countdowns/<uuid:countdown_id>/archive/", countdowns.countdown_archive, name="countdown_archive"),
    path("pages/popups/", popups.popups, name="popups"),
    path("pages/popups/new/", popups.new_popup, name="new_popup"),
    path("pages/popups/<uuid:popup_id>/", popups.popup, name="popup"),
    path("pages/popups/<uuid:popup_id>/publication/", popups.popup_publication, name="popup_publication"),
    path("pages/popups/<uuid:popup_id>/withdrawal/", popups.popup_withdrawal, name="popup_withdrawal"),
    path("pages/<uuid:page_id>/", editor.editor, name="page"),
    path("pages/<uuid:page_id>/preview/", editor.preview, name="preview"),
    path("pages/<uuid:page_id>/panel/", editor.panel, name="panel"),
    path("pages/<uuid:page_id>/edits/", editor.edits, name="edits"),
    path("pages/<uuid:page_id>/undo/", editor.undo, name="undo"),
    path("pages/<uuid:page_id>/redo/", editor.redo, name="redo"),
    path("pages/<uuid:page_id>/publication/", editor.publication, name="publication"),
    path("pages/<uuid:page_id>/withdrawal/", pages.withdrawal, name="withdrawal"),
    path("pages/<uuid:page_id>/settings/", pages.settings, name="settings"),
    path("pages/<uuid:page_id>/copy/", pages.copy, name="copy"),
    path("pages/<uuid:page_id>/archive/", pages.archive, name="archive"),
    path("pages/<uuid:page_id>/unarchive/", pages.unarchive, name="unarchive"),
    path("pages/<uuid:page_id>/audience/", audience.audience, name="audience"),
    path("pages/<uuid:page_id>/audience/<slug:block_id>/", audience.section_audience, name="section_audience"),
    path("pages/<uuid:page_id>/split/", splits.split, name="split"),
    path("pages/<uuid:page_id>/split/begin/", splits.split_begin, name="split_begin"),
    path("pages/<uuid:page_id>/split/settings/", splits.split_settings, name="split_settings"),
    path("pages/<uuid:page_id>/split/variants/", splits.split_variants, name="split_variants"),
    path("pages/<uuid:page_id>/split/variants/<slug:letter>/removal/", splits.split_removal, name="split_removal"),
    path("pages/<uuid:page_id>/split/start/", splits.split_start, name="split_start"),
    path("pages/<uuid:page_id>/split/end/", splits.split_end, name="split_end"),
    path("pages/<uuid:page_id>/versions/", versions.versions, name="versions"),
    path("pages/<uuid:page_id>/versions/<int:number>/", versions.version, name="version"),
    path("pages/<uuid:page_id>/versions/<int:number>/restoration/", versions.restoration, name="restoration"),
]

public_urls = [
    path("f/forms.js", embedding.script, name="embed_script"),
    path("f/<uuid:form_id>", public.form, name="form"),
    path("f/<uuid:form_id>/embed", embedding.form, name="embed_form"),
    path("f/<uuid:form_id>/<slug:key>", public.form_step, name="form_step"),
    path("for-you", live.for_you, name="for_you"),
    path("for-you/count", live.count, name="count_popup"),
    path("thanks/<uuid:form_id>", public.thanks, name="thanks"),
]

# Everything else on a site's host. Collected after all other public addresses, so it takes none of theirs.
site_urls = [
    path("", public.published, name="home"),
    path("<path:path>", public.published, name="published"),
]
