"""Who signs mail from an address: the mail server, or Plainsail with the keys of the address's domain."""

from __future__ import annotations

import logging
from functools import lru_cache

from plainsail.kernel.crypto import BadToken, decrypt
from plainsail.mail.services import dkim, domains

logger = logging.getLogger("plainsail.mail")


def of_sender(address: str) -> dkim.Signer | None:
    """The signer of mail from an address; None where the server signs, or no key's record was found yet. Two queries."""
    domain = domains.covering(address)
    if domain is None or not domain.signs_here:
        return None
    try:
        keys = [_opened(key.selector, key.sealed) for key in domains.keys_that_sign(domain)]
    except BadToken:
        logger.error("a key that signs mail can't be opened; was SECRET_KEY changed?", extra={"domain": domain.domain})
        return None
    return dkim.Signer(domain.domain, keys) if keys else None


@lru_cache(maxsize=256)
def _opened(selector: str, sealed: str) -> dkim.Key:
    """Opening and checking an RSA key takes longer than signing: done once."""
    return dkim.load(selector, decrypt(domains.SEALED, sealed).encode())
