"""Addresses of payments: the sandbox's bank."""

from __future__ import annotations

from django.urls import path

from plainsail.payments.views import bank

public_urls = [path("checkout/bank/<str:token>/", bank.bank, name="bank")]
