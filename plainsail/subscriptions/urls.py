"""Addresses of contracts and of ending them."""

from django.urls import path

from plainsail.subscriptions.views import (
    addon_offers,
    addons,
    changing,
    overdue,
    own_dates,
    paying,
    policies,
    prices,
    public,
    staff,
    staff_dates,
)

public_urls = [
    path("cancel/", public.cancel_here, name="cancel_here"),
    path("cancel/declared/<str:token>/", public.declaration, name="declaration"),
    path("cancel/declared/<str:token>/pdf/", public.declaration_pdf, name="declaration_pdf"),
    path("cancel/receipt/<str:token>/", public.receipt, name="receipt"),
    path("cancel/receipt/<str:token>/pdf/", public.receipt_pdf, name="receipt_pdf"),
    path("cancel/receipt/<str:token>/undo/", public.undo, name="undo"),
    path("cancel/<str:token>/", public.cancel_by_link, name="cancel_by_link"),
    path("change/<str:token>/", changing.progress, name="change_progress"),
    path("account/subscriptions/<uuid:subscription_id>/plan/", changing.change, name="change"),
    path("account/subscriptions/<uuid:subscription_id>/plan/undo/", changing.take_back, name="take_back_change"),
    path("account/subscriptions/<uuid:subscription_id>/pause/", own_dates.pause, name="pause_own"),
    path("account/subscriptions/<uuid:subscription_id>/pause/end/", own_dates.resume, name="resume_own"),
    path("account/subscriptions/<uuid:subscription_id>/date/", own_dates.move, name="move_own"),
    path("pay/<str:token>/", paying.pay, name="pay"),
    path("account/subscriptions/<uuid:subscription_id>/addons/", addons.addons, name="addons"),
    path(
        "account/subscriptions/<uuid:subscription_id>/addons/<uuid:item_id>/removal/",
        addons.removal,
        name="addon_removal",
    ),
    path("account/subscriptions/<uuid:subscription_id>/addons/<uuid:item_id>/return/", addons.keep, name="keep_addon"),
    path("price/<str:token>/", prices.price, name="price"),
    path("withdraw/", public.withdraw_here, name="withdraw_here"),
]

workspace_urls = [
    path("sales/subscriptions/", staff.subscriptions, name="subscriptions"),
    path("sales/subscriptions/<uuid:subscription_id>/", staff.subscription, name="subscription"),
    path(
        "sales/subscriptions/<uuid:subscription_id>/cancellation/",
        staff.record_cancellation,
        name="record_cancellation",
    ),
    path("sales/subscriptions/<uuid:subscription_id>/cancellation/undo/", staff.undo, name="undo_cancellation"),
    path("sales/subscriptions/<uuid:subscription_id>/pause/", staff_dates.pause, name="pause"),
    path("sales/subscriptions/<uuid:subscription_id>/pause/end/", staff_dates.resume, name="resume"),
    path("sales/subscriptions/<uuid:subscription_id>/date/", staff_dates.move, name="move_date"),
    path("sales/unpaid/", overdue.cases, name="overdue"),
    path("sales/unpaid/charges/", overdue.charge_late, name="charge_late"),
    path("sales/unpaid/<uuid:dunningcase_id>/try/", overdue.try_now, name="try_now"),
    path("sales/unpaid/<uuid:dunningcase_id>/end/", overdue.let_be, name="let_be"),
    path("sales/subscriptions/prices/", prices.rises, name="price_rises"),
    path("sales/subscriptions/prices/<uuid:price_rise_id>/removal/", prices.take_back, name="take_back_price"),
    path("sales/subscriptions/addons/", addon_offers.offers, name="addon_offers"),
    path("sales/subscriptions/addons/<uuid:addon_offer_id>/removal/", addon_offers.remove, name="remove_addon_offer"),
    path("sales/cancellations/", staff.cancellations, name="cancellations"),
    path("sales/cancellations/<uuid:request_id>/match/", staff.match, name="match"),
    path("settings/policies/", policies.overview, name="policies"),
    path("settings/policies/refunds/", policies.refunds, name="refund_policy"),
    path("settings/policies/refunds/draft/", policies.draft, name="refund_draft"),
    path("settings/policies/charges/", policies.charges, name="dunning_policy"),
    path("settings/policies/data/", policies.retention, name="retention_policy"),
    path("settings/policies/pauses/", policies.pauses, name="pausing_policy"),
    path("settings/policies/versions/<uuid:policy_version_id>/return/", policies.go_back, name="policy_return"),
]
