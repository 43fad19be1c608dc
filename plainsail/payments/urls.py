"""Addresses of payments: the sandbox's bank, and where gateways send their messages."""

from __future__ import annotations

from django.urls import path

from plainsail.payments.views import bank, inbound

app_urls = [path("inbound/payments/<str:key>/", inbound.receive, name="inbound")]

public_urls = [path("checkout/bank/<str:token>/", bank.bank, name="bank")]
