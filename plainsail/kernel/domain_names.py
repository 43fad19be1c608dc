"""Domain names in any script, as the DNS and mail servers know them."""

from __future__ import annotations


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


def in_its_script(domain: str) -> str:
    """A domain in ASCII as people write it: `bücher.example` for `xn--bcher-kva.example`. What is none stays as it is."""
    if "xn--" not in domain:
        return domain
    import email_validator

    try:
        found = email_validator.validate_email(f"x@{domain}", check_deliverability=False, globally_deliverable=False)
    except email_validator.EmailNotValidError:
        return domain
    return found.domain
