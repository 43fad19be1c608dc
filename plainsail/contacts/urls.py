"""Addresses of contacts, and of the pages that their mail leads to."""

from django.urls import path

from plainsail.contacts.views import contacts, exports, fields, imports, lists, merging, public, segments, tags

app_urls = [
    path("contact-exports/<str:token>/", exports.export_file, name="export_file"),
]

public_urls = [
    path("confirm/<str:token>/", public.confirm, name="confirm"),
    path("preferences/<str:token>/", public.preferences, name="preferences"),
    path("unsubscribe/<str:token>/", public.unsubscribe, name="unsubscribe"),
]

workspace_urls = [
    path("contacts/", contacts.contacts, name="contacts"),
    path("contacts/new/", contacts.new, name="new"),
    path("contacts/<uuid:contact_id>/", contacts.contact, name="contact"),
    path("contacts/<uuid:contact_id>/profile/", contacts.edit, name="edit"),
    path("contacts/<uuid:contact_id>/tags/", tags.add, name="add_tag"),
    path("contacts/<uuid:contact_id>/tags/<uuid:tag_id>/removal/", tags.remove, name="remove_tag"),
    path("contacts/<uuid:contact_id>/deletion/", contacts.delete, name="delete"),
    path("contacts/<uuid:contact_id>/restoration/", contacts.restore, name="restore"),
    path("contacts/<uuid:contact_id>/merging/", merging.merge, name="merge"),
    path("contacts/<uuid:contact_id>/lists/", lists.join, name="join_list"),
    path("contacts/<uuid:contact_id>/lists/<uuid:list_id>/leaving/", lists.leave, name="leave_list"),
    path("contacts/imports/", imports.imports, name="imports"),
    path("contacts/imports/<uuid:import_id>/", imports.show, name="import"),
    path("contacts/imports/<uuid:import_id>/reading/", imports.read_as, name="read_import_as"),
    path("contacts/imports/<uuid:import_id>/mapping/", imports.map_like, name="map_import"),
    path("contacts/imports/<uuid:import_id>/start/", imports.start, name="start_import"),
    path("contacts/imports/<uuid:import_id>/pause/", imports.pause, name="pause_import"),
    path("contacts/imports/<uuid:import_id>/resumption/", imports.resume, name="resume_import"),
    path("contacts/imports/<uuid:import_id>/cancellation/", imports.cancel, name="cancel_import"),
    path("contacts/imports/<uuid:import_id>/undoing/", imports.undo, name="undo_import"),
    path("contacts/imports/<uuid:import_id>/faults.csv", imports.faults, name="import_faults"),
    path("contacts/exports/", exports.exports, name="exports"),
    path("contacts/lists/", lists.lists, name="lists"),
    path("contacts/tags/", tags.tags, name="tags"),
    path("contacts/tags/<uuid:tag_id>/", tags.tag, name="tag"),
    path("contacts/tags/<uuid:tag_id>/deletion/", tags.delete, name="delete_tag"),
    path("contacts/fields/", fields.fields, name="fields"),
    path("contacts/fields/<uuid:field_id>/", fields.field, name="field"),
    path("contacts/fields/<uuid:field_id>/place/", fields.move, name="move_field"),
    path("contacts/fields/<uuid:field_id>/archiving/", fields.archive, name="archive_field"),
    path("contacts/fields/<uuid:field_id>/restoration/", fields.restore, name="restore_field"),
    path("contacts/segments/", segments.segments, name="segments"),
    path("contacts/segments/<uuid:segment_id>/", segments.segment, name="segment"),
    path("contacts/segments/<uuid:segment_id>/draft/", segments.draft, name="segment_draft"),
    path("contacts/segments/<uuid:segment_id>/copy/", segments.copy, name="copy_segment"),
    path("contacts/segments/<uuid:segment_id>/counting/", segments.count, name="count_segment"),
    path("contacts/segments/<uuid:segment_id>/deletion/", segments.delete, name="delete_segment"),
]
