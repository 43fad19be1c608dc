"""Scripts of others on a page: named, with a purpose, and asleep until the visitor agrees. Without any, nobody is asked."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import blake2b, sha256
from urllib.parse import urlsplit

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from plainsail.pages.models import SiteScript

RECOGNITION = "/for-you/recognition"
"""Where a browser asks for the cookie by which it is known again, and has it taken away."""


def slot(scripts: Sequence[SiteScript], *, recognises: bool = False) -> SafeString:
    """The question, and the scripts as data that nothing runs. Our own module asks and, after a yes, starts them.

    With `recognises` it asks too whether a cookie of the site's own may tell that somebody came back.
    """
    asleep = [{"purpose": script.purpose, "src": script.source_url, "code": script.code} for script in scripts]
    asked = [(SiteScript.Purpose(script.purpose), script.name) for script in scripts]
    if recognises:
        asleep.append({"purpose": SiteScript.Purpose.STATISTICS, "recognition": RECOGNITION})
        asked.append((SiteScript.Purpose.STATISTICS, gettext("recognising you when you come back")))
    purposes = [purpose for purpose in SiteScript.Purpose if any(each == purpose for each, _name in asked)]
    context = {
        "purposes": [
            {"key": purpose.value, "label": purpose.label, "names": [name for each, name in asked if each == purpose]}
            for purpose in purposes
        ],
        "scripts": json.dumps({"version": version(scripts, recognises), "scripts": asleep}, ensure_ascii=False),
        "loads_others": bool(scripts),
    }
    return mark_safe(render_to_string("pages/site/consent.html", context))  # noqa: S308  # rendered by a template


def version(scripts: Sequence[SiteScript], recognises: bool = False) -> str:
    """The same as long as a visitor's answer covers what is asked: who gets to know of them, and what for."""
    asked = sorted((script.purpose, script.name, script.source_url) for script in scripts)
    words = json.dumps([*asked, RECOGNITION] if recognises else asked)
    return blake2b(words.encode(), digest_size=6).hexdigest()


def policy(scripts: Sequence[SiteScript], *, recognises: bool = False) -> dict[str, list[str]]:
    """What the scripts need of the content security policy, by directive: their hosts by name, their code by its hash."""
    if not scripts and recognises:
        return {"script-src": ["'self'"], "connect-src": ["'self'"]}
    if not scripts:
        return {}
    hosts = sorted({origin for script in scripts for origin in origins(script)})
    hashes = [
        f"'sha256-{b64encode(sha256(script.code.encode()).digest()).decode()}'" for script in scripts if script.code
    ]
    return {
        "script-src": ["'self'", *hosts, *hashes],
        "connect-src": ["'self'", *hosts],
        "frame-src": hosts,
        "style-src": hosts,
    }


def origins(script: SiteScript) -> list[str]:
    """Where a script comes from and whom it talks to: `https://stats.example.com`."""
    named = [f"https://{host}" for host in script.hosts.split()]
    source = urlsplit(script.source_url)
    return [f"https://{source.netloc}", *named] if source.netloc else named
