"""Who signs mail from an address: the mail server, or Plainsail with the keys of the address's domain."""

from __future__ import annotations

import logging

from plainsail.kernel.crypto import BadToken, decrypt
from plainsail.mail.services import carriers, dkim, domains
from plainsail.mail.services.plans import Signing

logger = logging.getLogger("plainsail.mail")


def of_sender(address: str) -> dkim.Signer | None:
    """The signer of mail from an address; None where the server signs, or no key's record was found yet. Three queries."""
    found = keys_of(address)
    return dkim.signer(found.domain, found.keys) if found else None


def keys_of(address: str) -> Signing | None:
    """The keys that sign mail from an address; None where a server or a mail service signs, or none can. Three queries."""
    if carriers.signs(address):
        return None
    domain = domains.covering(address)
    if domain is None or not domain.signs_here:
        return None
    try:
        keys = tuple((key.selector, decrypt(domains.SEALED, key.sealed)) for key in domains.keys_that_sign(domain))
    except BadToken:
        logger.error("a key that signs mail can't be opened; was SECRET_KEY changed?", extra={"domain": domain.domain})
        return None
    return Signing(domain=domain.domain, keys=keys) if keys else None
