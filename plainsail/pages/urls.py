"""Addresses of the pages area: staff screens, and what stands on a site's host beside published pages."""

from __future__ import annotations

from django.urls import path

from plainsail.pages.views import (
    blog,
    carrying,
    discovery,
    editor,
    forms,
    gallery,
    pages,
    public,
    publication,
    site,
    versions,
)

workspace_urls = [
    path("pages/", pages.pages, name="pages"),
    path("pages/new/", gallery.new, name="new"),
    path("pages/new/sites/<slug:key>/", gallery.new_site, name="new_site"),
    path("pages/new/<slug:key>/", gallery.starter, name="starter"),
    path("pages/changes/", publication.publish_all, name="publish_all"),
    path("pages/site/", site.site, name="site"),
    path("pages/site/following/", site.following, name="following"),
    path("pages/site/republishing/", site.republish, name="republish"),
    path("pages/site/parts/<slug:kind>/", site.part, name="part"),
    path("pages/site/file/", carrying.site, name="export_site"),
    path("pages/site/web-pages/", carrying.static_site, name="export_static"),
    path("pages/site/import/", carrying.bring_in, name="import"),
    path("pages/site/redirects/", site.redirect_list, name="redirects"),
    path("pages/site/redirects/file/", site.redirect_import, name="import_redirects"),
    path("pages/site/redirects/<uuid:redirect_id>/removal/", site.redirect_removal, name="remove_redirect"),
    path("pages/site/scripts/", site.script_list, name="scripts"),
    path("pages/site/scripts/<uuid:script_id>/switch/", site.script_switch, name="switch_script"),
    path("pages/site/scripts/<uuid:script_id>/removal/", site.script_removal, name="remove_script"),
    path("pages/posts/", blog.posts, name="posts"),
    path("pages/posts/index/", blog.index, name="blog_index"),
    path("pages/posts/<uuid:post_id>/", blog.byline, name="byline"),
    path("pages/forms/", forms.forms, name="forms"),
    path("pages/forms/<uuid:form_id>/", forms.form_settings, name="form_settings"),
    path("pages/<uuid:page_id>/", editor.editor, name="page"),
    path("pages/<uuid:page_id>/preview/", editor.preview, name="preview"),
    path("pages/<uuid:page_id>/panel/", editor.panel, name="panel"),
    path("pages/<uuid:page_id>/edits/", editor.edits, name="edits"),
    path("pages/<uuid:page_id>/undo/", editor.undo, name="undo"),
    path("pages/<uuid:page_id>/redo/", editor.redo, name="redo"),
    path("pages/<uuid:page_id>/publication/", editor.publication, name="publication"),
    path("pages/<uuid:page_id>/publishing/", publication.publication, name="publishing"),
    path("pages/<uuid:page_id>/publishing/now/", publication.publish, name="publish"),
    path("pages/<uuid:page_id>/publishing/timetable/", publication.timetable, name="timetable"),
    path("pages/<uuid:page_id>/publishing/<int:number>/rollback/", publication.rollback, name="rollback"),
    path("pages/<uuid:page_id>/file/", carrying.page, name="export_page"),
    path("pages/<uuid:page_id>/kin/", pages.kin, name="kin"),
    path("pages/<uuid:page_id>/withdrawal/", pages.withdrawal, name="withdrawal"),
    path("pages/<uuid:page_id>/settings/", pages.settings, name="settings"),
    path("pages/<uuid:page_id>/copy/", pages.copy, name="copy"),
    path("pages/<uuid:page_id>/archive/", pages.archive, name="archive"),
    path("pages/<uuid:page_id>/unarchive/", pages.unarchive, name="unarchive"),
    path("pages/<uuid:page_id>/versions/", versions.versions, name="versions"),
    path("pages/<uuid:page_id>/versions/<int:number>/", versions.version, name="version"),
    path("pages/<uuid:page_id>/versions/<int:number>/restoration/", versions.restoration, name="restoration"),
]

public_urls = [
    path("f/<uuid:form_id>", public.form, name="form"),
    path("thanks/<uuid:form_id>", public.thanks, name="thanks"),
    path("robots.txt", discovery.robots, name="robots"),
    path("sitemap.xml", discovery.sitemap, name="sitemap"),
    path("sitemap-<int:number>.xml", discovery.sitemap, name="sitemap_part"),
    path("blog/feed.xml", discovery.atom, name="atom"),
    path("blog/rss.xml", discovery.rss, name="rss"),
]

# Everything else on a site's host. Collected after all other public addresses, so it takes none of theirs.
site_urls = [
    path("", public.published, name="home"),
    path("<path:path>", public.published, name="published"),
]
