"""Domain names in any script, as the DNS and mail servers know them."""

from __future__ import annotations

import re
from functools import lru_cache

IN_ASCII = re.compile(r"(?:[a-z0-9_-]+\.)*xn--[a-z0-9-]+(?:\.[a-z0-9-]+)*")
"""A domain with a part that stands for letters beyond ASCII, wherever it stands in an address."""


def in_ascii(domain: str) -> str:
    """A domain in lower case and ASCII, by IDNA 2008 (RFC 5891): `straße.example` is one of its own, not `strasse.example`.

    What is ASCII already comes back as it is, whether or not it is a domain. Raises ValueError for what can't be one.
    """
    if domain.isascii():
        return domain
    # Python's own codec is IDNA 2003, which leads some names to other people's domains. Loaded by those few who need it.
    import email_validator

    found = email_validator.validate_email(f"x@{domain}", check_deliverability=False, globally_deliverable=False)
    return found.ascii_domain.lower()


def in_letters(address: str) -> str:
    """A domain, a web address or one of mail as people write it: `https://bücher.example/` for
    `https://xn--bcher-kva.example/`. What can't be read so comes back as it is.
    """
    return IN_ASCII.sub(lambda found: _written(found[0]) or found[0], address) if "xn--" in address else address


@lru_cache(maxsize=10_000)
def _written(domain: str) -> str:
    """A domain in its own script, by IDNA 2008; empty for what is none."""
    import email_validator

    # A name such as `_dmarc` is no part of a host; only the rest is looked at.
    front = "".join(re.findall(r"^(?:_[a-z0-9-]+\.)*", domain))
    try:
        found = email_validator.validate_email(
            f"x@{domain.removeprefix(front)}", check_deliverability=False, globally_deliverable=False
        )
    except email_validator.EmailNotValidError:
        return ""
    return front + found.domain
