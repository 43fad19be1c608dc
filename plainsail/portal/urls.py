"""Addresses of a customer's account, on the site's host."""

from __future__ import annotations

from django.urls import path

from plainsail.portal.views import public

public_urls = [
    path("account/", public.account, name="account"),
    path("account/sign-in/", public.sign_in, name="sign_in"),
    path("account/sign-in/sent/", public.sent, name="sent"),
    path("account/link/<str:token>/", public.link, name="link"),
    path("account/sign-out/", public.sign_out, name="sign_out"),
    path("account/sign-out/everywhere/", public.sign_out_everywhere, name="sign_out_everywhere"),
]
