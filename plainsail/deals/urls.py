"""Addresses of deals."""

from django.urls import path

from plainsail.deals.views import deals, pipelines

workspace_urls = [
    path("deals/", deals.deals, name="deals"),
    path("deals/new/", deals.new, name="new"),
    path("deals/list/", deals.listed, name="list"),
    path("deals/pipelines/", pipelines.pipelines, name="pipelines"),
    path("deals/pipelines/<uuid:pipeline_id>/", pipelines.pipeline, name="pipeline"),
    path("deals/pipelines/<uuid:pipeline_id>/board/", deals.board, name="board"),
    path("deals/pipelines/<uuid:pipeline_id>/stages/", pipelines.add_stage, name="add_stage"),
    path("deals/pipelines/<uuid:pipeline_id>/archiving/", pipelines.archive, name="archive_pipeline"),
    path("deals/pipelines/<uuid:pipeline_id>/restoration/", pipelines.restore, name="restore_pipeline"),
    path("deals/stages/<uuid:stage_id>/", pipelines.stage, name="stage"),
    path("deals/stages/<uuid:stage_id>/place/", pipelines.move_stage, name="move_stage"),
    path("deals/stages/<uuid:stage_id>/removal/", pipelines.remove_stage, name="remove_stage"),
    path("deals/moves/<uuid:move_id>/undoing/", deals.undo_move, name="undo_move"),
    path("deals/<uuid:deal_id>/", deals.deal, name="deal"),
    path("deals/<uuid:deal_id>/details/", deals.edit, name="edit"),
    path("deals/<uuid:deal_id>/stage/", deals.move, name="move"),
    path("deals/<uuid:deal_id>/losing/", deals.lose, name="lose"),
    path("deals/<uuid:deal_id>/deletion/", deals.delete, name="delete"),
    path("deals/<uuid:deal_id>/restoration/", deals.restore, name="restore"),
]
