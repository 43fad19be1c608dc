"""Addresses of the pages area: staff screens, and what stands on a site's host beside published pages."""

from __future__ import annotations

from django.urls import path

from plainsail.pages.views import editor, forms, pages, public, together, versions

workspace_urls = [
    path("pages/", pages.pages, name="pages"),
    path("pages/new/", pages.new, name="new"),
    path("pages/forms/", forms.forms, name="forms"),
    path("pages/forms/<uuid:form_id>/", forms.form_settings, name="form_settings"),
    path("pages/<uuid:page_id>/", editor.editor, name="page"),
    path("pages/<uuid:page_id>/preview/", editor.preview, name="preview"),
    path("pages/<uuid:page_id>/panel/", editor.panel, name="panel"),
    path("pages/<uuid:page_id>/links/", editor.links, name="links"),
    path("pages/<uuid:page_id>/edits/", editor.edits, name="edits"),
    path("pages/<uuid:page_id>/undo/", editor.undo, name="undo"),
    path("pages/<uuid:page_id>/redo/", editor.redo, name="redo"),
    path("pages/<uuid:page_id>/presence/", together.presence, name="presence"),
    path("pages/<uuid:page_id>/absence/", together.absence, name="absence"),
    path("pages/<uuid:page_id>/copies/", together.copies, name="copies"),
    path("pages/<uuid:page_id>/pastes/", together.pastes, name="pastes"),
    path("pages/<uuid:page_id>/publication/", editor.publication, name="publication"),
    path("pages/<uuid:page_id>/withdrawal/", pages.withdrawal, name="withdrawal"),
    path("pages/<uuid:page_id>/settings/", pages.settings, name="settings"),
    path("pages/<uuid:page_id>/copy/", pages.copy, name="copy"),
    path("pages/<uuid:page_id>/archive/", pages.archive, name="archive"),
    path("pages/<uuid:page_id>/unarchive/", pages.unarchive, name="unarchive"),
    path("pages/<uuid:page_id>/versions/", versions.versions, name="versions"),
    path("pages/<uuid:page_id>/versions/<int:number>/", versions.version, name="version"),
    path("pages/<uuid:page_id>/versions/<int:number>/comparison/", versions.comparison, name="comparison"),
    path("pages/<uuid:page_id>/versions/<int:number>/restoration/", versions.restoration, name="restoration"),
]

public_urls = [
    path("f/<uuid:form_id>", public.form, name="form"),
    path("thanks/<uuid:form_id>", public.thanks, name="thanks"),
]

# Everything else on a site's host. Collected after all other public addresses, so it takes none of theirs.
site_urls = [
    path("", public.published, name="home"),
    path("<path:path>", public.published, name="published"),
]
