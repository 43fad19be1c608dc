"""Addresses of contacts, and of the pages that their mail leads to."""

from django.urls import path

from plainsail.contacts.views import contacts, fields, lists, merging, public, scores, segments, tags, work

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
    path("contacts/lists/", lists.lists, name="lists"),
    path("contacts/tags/", tags.tags, name="tags"),
    path("contacts/tags/<uuid:tag_id>/", tags.tag, name="tag"),
    path("contacts/tags/<uuid:tag_id>/deletion/", tags.delete, name="delete_tag"),
    path("contacts/fields/", fields.fields, name="fields"),
    path("contacts/fields/<uuid:field_id>/", fields.field, name="field"),
    path("contacts/fields/<uuid:field_id>/place/", fields.move, name="move_field"),
    path("contacts/fields/<uuid:field_id>/archiving/", fields.archive, name="archive_field"),
    path("contacts/fields/<uuid:field_id>/restoration/", fields.restore, name="restore_field"),
    path("contacts/<uuid:contact_id>/notes/", work.add_note, name="add_note"),
    path("contacts/<uuid:contact_id>/tasks/", work.add_task, name="add_task"),
    path("contacts/notes/<uuid:note_id>/", work.note, name="note"),
    path("contacts/notes/<uuid:note_id>/deletion/", work.delete_note, name="delete_note"),
    path("contacts/notes/<uuid:note_id>/restoration/", work.restore_note, name="restore_note"),
    path("contacts/tasks/", work.tasks, name="tasks"),
    path("contacts/tasks/<uuid:task_id>/", work.task, name="task"),
    path("contacts/tasks/<uuid:task_id>/completion/", work.finish_task, name="finish_task"),
    path("contacts/tasks/<uuid:task_id>/reopening/", work.reopen_task, name="reopen_task"),
    path("contacts/tasks/<uuid:task_id>/deletion/", work.delete_task, name="delete_task"),
    path("contacts/tasks/<uuid:task_id>/restoration/", work.restore_task, name="restore_task"),
    path("contacts/<uuid:contact_id>/score/", scores.score, name="score"),
    path("contacts/scores/", scores.scores, name="scores"),
    path("contacts/scores/rules/", scores.add_rule, name="add_score_rule"),
    path("contacts/scores/rules/<uuid:rule_id>/", scores.rule, name="score_rule"),
    path("contacts/scores/rules/<uuid:rule_id>/deletion/", scores.delete_rule, name="delete_score_rule"),
    path("contacts/scores/levels/", scores.add_level, name="add_score_level"),
    path("contacts/scores/levels/<uuid:level_id>/deletion/", scores.delete_level, name="delete_score_level"),
    path("contacts/scores/fading/", scores.fade, name="fade_scores"),
    path("contacts/scores/recount/", scores.recount, name="recount_scores"),
    path("contacts/segments/", segments.segments, name="segments"),
    path("contacts/segments/<uuid:segment_id>/", segments.segment, name="segment"),
]
