"""Addresses of the installation’s own billing, and of closing a business."""

from django.urls import path

from plainsail.hosting.views import billing, closing, exports, plan

app_urls = [
    path("exports/<str:token>/", exports.export_file, name="export_file"),
    path("erased/<str:token>/", closing.certificate, name="certificate"),
    path("erased/<str:token>/certificate.pdf", closing.certificate_pdf, name="certificate_pdf"),
]

workspace_urls = [
    path("settings/billing/", billing.billing, name="billing"),
    path("settings/billing/plan/", billing.take_plan, name="take_plan"),
    path("settings/billing/change/", plan.change, name="change"),
    path("settings/billing/change/undo/", plan.take_back, name="take_back_change"),
    path("settings/billing/cancellation/", billing.cancel, name="cancel"),
    path("settings/billing/cancellation/undo/", billing.undo, name="undo"),
    path("settings/closing/", closing.closing, name="closing"),
    path("settings/closing/closure/", closing.close, name="close"),
    path("settings/closing/closure/undo/", closing.reopen, name="reopen"),
    path("settings/closing/refunds/", closing.take_over_refunds, name="take_over_refunds"),
    path("settings/closing/erasure/", closing.erase, name="erase"),
    path("settings/closing/exports/", exports.ask, name="export"),
]
