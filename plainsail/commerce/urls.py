"""Addresses of commerce: staff pages, and the checkout and receipts on a site's host."""

from __future__ import annotations

from django.urls import path

from plainsail.commerce.views import (
    checkout,
    gateways,
    orders,
    products,
    receipts,
    selling,
    taxes,
    transfer,
    transfers,
)

workspace_urls = [
    path("sales/", orders.orders, name="orders"),
    path("sales/orders/<uuid:order_id>/", orders.order, name="order"),
    path("sales/orders/<uuid:order_id>/refunds/", orders.refund, name="refund"),
    path("sales/invoices/", orders.invoices, name="invoices"),
    path("sales/invoices/<uuid:invoice_id>.pdf", orders.invoice_pdf, name="invoice_pdf"),
    path("sales/invoices/<uuid:invoice_id>.json", orders.invoice_json, name="invoice_json"),
    path("sales/invoices/<uuid:invoice_id>/vat-check/", taxes.ask_vies, name="ask_vies"),
    path("sales/invoices/<uuid:invoice_id>/number/", taxes.issue_unchecked, name="issue_unchecked"),
    path("sales/transfers/", transfers.transfers, name="transfers"),
    path("sales/transfers/statement/", transfers.statement, name="statement"),
    path("sales/transfers/statement/columns/", transfers.columns, name="statement_columns"),
    path("sales/transfers/awaited/<uuid:invoice_id>/", transfers.received, name="received"),
    path("sales/transfers/<uuid:transfer_id>/invoice/", transfers.assign, name="assign_transfer"),
    path("sales/transfers/<uuid:transfer_id>/removal/", transfers.set_aside, name="set_aside_transfer"),
    path("sales/transfers/refunds/<uuid:refund_id>/", transfers.refund_sent, name="refund_sent"),
    path("sales/transfers/credits/<uuid:account_id>/<slug:currency>/", transfers.credit_sent, name="credit_sent"),
    path("sales/taxes/", taxes.taxes, name="taxes"),
    path("sales/taxes/<slug:part>.csv", taxes.taxes_csv, name="taxes_csv"),
    path("sales/credit-notes/<uuid:note_id>.pdf", orders.credit_note_pdf, name="credit_note_pdf"),
    path("sales/credit-notes/<uuid:note_id>.json", orders.credit_note_json, name="credit_note_json"),
    path("sales/products/", products.products, name="products"),
    path("sales/products/new/", products.new_product, name="new_product"),
    path("sales/products/<uuid:product_id>/", products.product, name="product"),
    path("sales/products/<uuid:product_id>/details/", products.edit_product, name="edit_product"),
    path("sales/products/<uuid:product_id>/prices/", products.add_price, name="add_price"),
    path("sales/products/<uuid:product_id>/archive/", products.archive, name="archive_product"),
    path("sales/products/<uuid:product_id>/return/", products.restore, name="restore_product"),
    path("sales/offers/<uuid:offer_id>/", products.offer, name="offer"),
    path("settings/selling/", selling.selling, name="selling"),
    path("settings/selling/rates/", selling.add_rate, name="add_tax_rate"),
    path("settings/selling/rates/<uuid:rate_id>/removal/", selling.remove_rate, name="remove_tax_rate"),
    path("settings/selling/test-mode/", selling.test_mode, name="test_mode"),
    path("settings/selling/test-mode/clock/", selling.advance, name="advance_clock"),
    path("settings/payments/", gateways.gateways, name="gateways"),
    path("settings/payments/bank/", gateways.bank_account, name="bank_account"),
    path("settings/payments/<uuid:account_id>/messages/", gateways.messages_secret, name="gateway_messages"),
    path("settings/payments/<uuid:account_id>/check/", gateways.check, name="check_gateway"),
    path("settings/payments/<uuid:account_id>/use/", gateways.use, name="use_gateway"),
    path("settings/payments/<uuid:account_id>/disconnection/", gateways.disconnect, name="disconnect_gateway"),
]

public_urls = [
    path("checkout/<slug:slug>/", checkout.checkout, name="checkout"),
    path("checkout/payment/<str:token>/", checkout.payment, name="payment"),
    path("transfer/<str:token>/", transfer.transfer, name="transfer"),
    path("transfer/<str:token>/code.svg", transfer.code_svg, name="transfer_code"),
    path("transfer/<str:token>/code.png", transfer.code_png, name="transfer_picture"),
    path("transfer/<str:token>/invoice.pdf", transfer.transfer_pdf, name="transfer_pdf"),
    path("receipt/<str:token>/", receipts.receipt, name="receipt"),
    path("receipt/<str:token>/invoice.pdf", receipts.invoice_pdf, name="receipt_pdf"),
    path("receipt/<str:token>/invoice.json", receipts.invoice_json, name="receipt_json"),
    path("receipt/<str:token>/credit-notes/<uuid:note_id>.json", receipts.note_json, name="receipt_credit_note_json"),
    path("receipt/<str:token>/credit-notes/<uuid:note_id>.pdf", receipts.credit_note_pdf, name="receipt_credit_note"),
]
