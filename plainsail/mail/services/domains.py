"""Sending domains of a business: added, their keys made and rotated, and which one covers an address."""

from __future__ import annotations

import base64
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.crypto import decrypt, encrypt
from plainsail.kernel.domain_names import in_ascii
from plainsail.kernel.environment import DOMAIN
from plainsail.kernel.errors import Refusal
from plainsail.mail.models import DkimKey, Sender, SendingDomain

SEALED = "mail.dkim_key"
# fmt: off
FREE_MAIL = frozenset({
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.co.uk", "ymail.com",
    "rocketmail.com", "outlook.com", "outlook.de", "hotmail.com", "hotmail.de", "hotmail.fr", "live.com", "live.de",
    "msn.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "web.de", "freenet.de", "t-online.de",
    "icloud.com", "me.com", "mac.com", "aol.com", "aol.de", "proton.me", "protonmail.com", "pm.me", "mail.com",
    "mail.ru", "yandex.ru", "yandex.com", "posteo.de", "mailbox.org", "orange.fr", "wanadoo.fr", "free.fr",
    "laposte.net", "sfr.fr", "libero.it", "tiscali.it", "zoho.com", "fastmail.com", "tutanota.com", "tuta.io",
    "qq.com", "163.com", "126.com", "naver.com", "comcast.net", "verizon.net", "att.net", "btinternet.com",
    "sky.com",
})
# fmt: on
"""Domains of mailbox providers: their DMARC policies turn away what others send in their name."""


class NoDomain(Refusal):
    """Not a domain that mail can be sent under."""

    code = "no_domain"
    message = _("That is not a domain. Write it like example.com.")
    status = 422


class FreeMail(Refusal):
    """A mailbox provider's domain."""

    code = "free_mail"
    message = _("Mailbox providers turn away mail that others send in their name. Use a domain of your own.")
    status = 422


class DomainTaken(Refusal):
    """It is there already."""

    code = "domain_taken"
    message = _("This domain is set up already.")


class DomainInUse(Refusal):
    """A sender writes under it."""

    code = "domain_in_use"
    message = _("A sender writes under this domain. Give the sender another address first.")


def is_free_mail(domain: str) -> bool:
    return domain.lower() in FREE_MAIL


def normalise(given: str) -> str:
    """A domain in ASCII and lower case. Raises NoDomain, FreeMail."""
    bare = given.strip().rstrip(".").lower().rpartition("@")[2]
    try:
        name = in_ascii(bare)
    except ValueError:
        raise NoDomain(field="domain") from None
    if not DOMAIN.fullmatch(name) or "." not in name or name.replace(".", "").isdigit():
        raise NoDomain(field="domain")
    if is_free_mail(name):
        raise FreeMail(field="domain")
    return name


@transaction.atomic
def add(given: str, *, at: datetime) -> SendingDomain:
    """Set a domain up, with a pair of keys of each kind ready. Raises NoDomain, FreeMail, DomainTaken."""
    name = normalise(given)
    if SendingDomain.objects.filter(domain=name).exists():
        raise DomainTaken(field="domain")
    made: SendingDomain = SendingDomain.objects.create(domain=name, created_at=at)
    new_keys(made, at=at)
    return made


@transaction.atomic
def change(domain: SendingDomain, *, signing: str, server_selector: str, return_label: str) -> SendingDomain:
    """Who signs, under which selector the server does, and how the return path is called. What was found before is void."""
    domain.signing, domain.server_selector = signing, server_selector.strip().lower()
    domain.return_label = return_label.strip().lower()
    domain.findings, domain.checked_at = [], None
    domain.save(update_fields=["signing", "server_selector", "return_label", "findings", "checked_at"])
    return domain


@transaction.atomic
def remove(domain: SendingDomain) -> None:
    """Forget a domain and its keys. Raises DomainInUse."""
    if any(covers(domain.domain, sender.domain) for sender in Sender.objects.all()):
        raise DomainInUse
    domain.delete()


def covering(address: str) -> SendingDomain | None:
    """The domain that an address lies under: its own, or the nearest above it. One query."""
    name = address.rpartition("@")[2].lower()
    labels = name.split(".")
    above = [".".join(labels[place:]) for place in range(len(labels) - 1)] or [name]
    found = {each.domain: each for each in SendingDomain.objects.filter(domain__in=above)}
    return next((found[each] for each in above if each in found), None)


def covers(domain: str, name: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


# --- keys -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def new_keys(domain: SendingDomain, *, at: datetime) -> list[DkimKey]:
    """Make the next pair of each kind. The present ones go on signing until the new records are found in the DNS."""
    number = domain.keys.values("selector").distinct().count() // 2 + 1
    month = f"{at:%y%m}"
    return [
        _key(domain, f"ps{month}{suffix}{number}", algorithm, at=at)
        for algorithm, suffix in ((DkimKey.Algorithm.RSA, "r"), (DkimKey.Algorithm.ED25519, "e"))
    ]


def _key(domain: SendingDomain, selector: str, algorithm: DkimKey.Algorithm, *, at: datetime) -> DkimKey:
    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == DkimKey.Algorithm.RSA:
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        private = ed25519.Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    made: DkimKey = DkimKey.objects.create(
        domain=domain,
        selector=selector,
        algorithm=algorithm,
        sealed=encrypt(SEALED, pem),
        public=base64.b64encode(public).decode(),
        created_at=at,
    )
    return made


def pem_of(key: DkimKey) -> bytes:
    """A private key, opened. Raises BadToken where it was sealed under another SECRET_KEY."""
    return decrypt(SEALED, key.sealed).encode()


def keys_that_sign(domain: SendingDomain) -> list[DkimKey]:
    """The newest key of each kind whose record was found, RSA first. Empty until there is one."""
    found = domain.keys.exclude(signs_since=None).filter(retired_at=None).order_by("-algorithm", "-signs_since", "-id")
    newest: dict[str, DkimKey] = {}
    for key in found:
        newest.setdefault(key.algorithm, key)
    return list(newest.values())


@transaction.atomic
def let_sign(keys: list[DkimKey], *, at: datetime) -> None:
    """Their records were found: they sign from now on, and older ones of their kind are retired."""
    for key in keys:
        if key.signs_since is None:
            key.signs_since = at
            key.save(update_fields=["signs_since"])
            older = DkimKey.objects.filter(domain_id=key.domain_id, algorithm=key.algorithm, retired_at=None)
            older.exclude(id=key.id).exclude(signs_since=None).update(retired_at=at)


def forget_key(key: DkimKey) -> None:
    """A retired key whose record was taken out of the DNS goes for good."""
    DkimKey.objects.filter(id=key.id).exclude(retired_at=None).delete()
