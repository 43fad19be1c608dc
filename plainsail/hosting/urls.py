"""Addresses of the installation’s own billing, and of closing a business."""

from django.urls import path

from plainsail.hosting.views import billing, closing, exports, plan, plans

app_urls = [
    path("exports/<str:token>/", exports.export_file, name="export_file"),
    path("erased/<str:token>/", closing.certificate, name="certificate"),
    path("erased/<str:token>/certificate.pdf", closing.certificate_pdf, name="certificate_pdf"),
]

workspace_urls = [
    path("settings/billing/", billing.billing, name="billing"),
    path("settings/billing/plan/", billing.take_plan, name="take_plan"),
    path("settings/billing/checkout/", billing.checkout, name="checkout"),
    path("settings/billing/change/", plan.change, name="change"),
    path("settings/billing/change/undo/", plan.take_back, name="take_back_change"),
    path("settings/billing/cancellation/", billing.cancel, name="cancel"),
    path("settings/billing/cancellation/undo/", billing.undo, name="undo"),
    path("settings/plans/", plans.plans, name="plans"),
    path("settings/plans/shop/", plans.open_shop, name="open_shop"),
    path("settings/plans/shop/closure/", plans.close_shop, name="close_shop"),
    path("settings/plans/without/", plans.without, name="limit_without_plan"),
    path("settings/plans/<uuid:plan_id>/", plans.plan, name="plan"),
    path("settings/plans/<uuid:plan_id>/stop/", plans.stop, name="stop_plan"),
    path("settings/plans/<uuid:plan_id>/return/", plans.sell_again, name="sell_plan_again"),
    path("settings/closing/", closing.closing, name="closing"),
    path("settings/closing/closure/", closing.close, name="close"),
    path("settings/closing/closure/undo/", closing.reopen, name="reopen"),
    path("settings/closing/refunds/", closing.take_over_refunds, name="take_over_refunds"),
    path("settings/closing/erasure/", closing.erase, name="erase"),
    path("settings/closing/exports/", exports.ask, name="export"),
]
