"""What the columns of a file are: by their names in several languages, by what other programs call them, by what they hold.

A target is a field of the profile, `email`, `name` (first and last in one), `field:<key>`, `new:<kind>` (a custom field to be
made), `tags`, `lists`, `standing` (how things stood in the old program), `standing:…` (the same where the column says
anything at all, such as when somebody unsubscribed), or nothing: the column is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import combining, normalize

from plainsail.contacts.models import CustomField

EMAIL, NAME, TAGS, LISTS, STANDING = "email", "name", "tags", "lists", "standing"
LEFT, BOUNCED = "standing:unsubscribed", "standing:bounced"
FIELD, NEW = "field:", "new:"

WORDS: dict[str, tuple[str, ...]] = {
    EMAIL: (
        *(
            "email",
            "e mail",
            "mail",
            "email address",
            "e mail address",
            "emailaddress",
            "subscriber email",
            "contact email",
        ),
        *("e mail adresse", "emailadresse", "mailadresse", "adresse email", "adresse e mail", "courriel", "correo"),
        *(
            "correo electronico",
            "direccion de correo",
            "indirizzo email",
            "posta elettronica",
            "e mailadres",
            "emailadres",
        ),
        *("endereco de e mail", "e post", "epost", "e postadress", "sahkoposti", "adres e mail", "e mail cim"),
    ),
    NAME: (
        *("name", "full name", "fullname", "contact name", "vollstandiger name", "nom complet", "nombre completo"),
        *("nome completo", "volledige naam", "naam", "imie i nazwisko", "subscriber name"),
    ),
    "first_name": (
        *("first name", "firstname", "fname", "given name", "forename", "first", "vorname", "prenom", "nombre", "nome"),
        *("voornaam", "fornamn", "fornavn", "etunimi", "imie", "primeiro nome", "keresztnev"),
    ),
    "last_name": (
        *("last name", "lastname", "lname", "surname", "family name", "last", "nachname", "familienname", "nom"),
        *("nom de famille", "apellido", "apellidos", "cognome", "achternaam", "efternamn", "etternavn", "efternavn"),
        *("sukunimi", "nazwisko", "sobrenome", "apelido", "vezeteknev"),
    ),
    "phone": (
        *(
            "phone",
            "phone number",
            "telephone",
            "tel",
            "mobile",
            "mobile phone",
            "cell",
            "cell phone",
            "telefon",
            "handy",
        ),
        *("telefonnummer", "mobil", "portable", "telefono", "movil", "cellulare", "telefoon", "telefone", "celular"),
    ),
    "company": (
        *(
            "company",
            "company name",
            "organization",
            "organisation",
            "business",
            "business name",
            "firma",
            "unternehmen",
        ),
        *("societe", "entreprise", "empresa", "azienda", "ditta", "bedrijf", "foretag", "yritys", "org", "account"),
    ),
    "street": (
        *(
            "street",
            "address",
            "address 1",
            "address1",
            "address line 1",
            "street address",
            "strasse",
            "straße",
            "anschrift",
        ),
        *("adresse", "rue", "calle", "direccion", "via", "indirizzo", "straat", "adres", "endereco", "rua", "gata"),
    ),
    "postal_code": (
        *("zip", "zip code", "zipcode", "postal code", "postcode", "post code", "plz", "postleitzahl", "code postal"),
        *("codigo postal", "cap", "cep", "postnummer", "kod pocztowy"),
    ),
    "city": (
        *(
            "city",
            "town",
            "stadt",
            "ort",
            "wohnort",
            "ville",
            "ciudad",
            "citta",
            "stad",
            "plaats",
            "cidade",
            "miasto",
            "by",
        ),
    ),
    "country": (
        *("country", "country code", "land", "landerkennung", "pays", "pais", "paese", "kraj", "maa", "country region"),
    ),
    "timezone": ("timezone", "time zone", "zeitzone", "tz", "fuseau horaire", "zona horaria"),
    "locale": ("language", "lang", "locale", "sprache", "langue", "idioma", "lingua", "taal", "preferred locale"),
    "notes": (
        *("notes", "note", "comment", "comments", "notiz", "notizen", "bemerkung", "bemerkungen", "remarque", "notas"),
        *("description", "memo"),
    ),
    "score": ("score", "lead score", "points", "punkte", "punktzahl"),
    TAGS: ("tags", "tag", "categories", "labels", "etiketten", "schlagworte", "etiquettes", "etiquetas", "etichette"),
    LISTS: ("lists", "list", "liste", "listen", "listes", "listas", "lijsten", "list name", "segments"),
    STANDING: ("status", "subscription status", "consent status", "state", "subscriber status", "email status"),
    LEFT: (
        *("unsub time", "unsubscribed", "unsubscribed at", "unsubscribed on", "unsubscribe date", "unsubscribed date"),
        *("date unsubscribed", "unsubscribe time", "opted out", "opt out date", "optout", "opt out", "email opt out"),
        *("abgemeldet", "abgemeldet am", "abmeldedatum", "desinscrit", "desinscrit le", "date de desinscription"),
    ),
    BOUNCED: (
        *("clean time", "bounced", "bounced at", "bounced on", "bounce date", "date bounced", "hard bounced"),
        *("hard bounce", "unzustellbar"),
    ),
}
_BY_WORD = {word: target for target, words in WORDS.items() for word in words}


@dataclass(frozen=True)
class Program:
    """What another program's export looks like: columns by which it is known, and what each is."""

    name: str
    known_by: frozenset[str]
    targets: Mapping[str, str]


PROGRAMS: dict[str, Program] = {
    "mailchimp": Program(
        "Mailchimp",
        frozenset({"email address", "member_rating", "leid"}),
        {
            "email address": EMAIL,
            "first name": "first_name",
            "last name": "last_name",
            "address": "street",
            "phone number": "phone",
            "tags": TAGS,
            "notes": "notes",
            "cc": "country",
            "timezone": "timezone",
            "unsub_time": LEFT,
            "clean_time": BOUNCED,
        },
    ),
    "kit": Program(
        "Kit",
        frozenset({"first_name", "email", "created_at", "tags", "status"}),
        {"first_name": "first_name", "email": EMAIL, "tags": TAGS, "status": STANDING},
    ),
    "activecampaign": Program(
        "ActiveCampaign",
        frozenset({"email", "first name", "last name", "ip address", "date subscribed"}),
        {
            "email": EMAIL,
            "first name": "first_name",
            "last name": "last_name",
            "phone": "phone",
            "tags": TAGS,
            "organization": "company",
            "account": "company",
            "status": STANDING,
        },
    ),
    "listmonk": Program(
        "listmonk",
        frozenset({"uuid", "email", "name", "attributes", "status"}),
        {"email": EMAIL, "name": NAME, "status": STANDING},
    ),
    "mautic": Program(
        "Mautic",
        frozenset({"id", "firstname", "lastname", "email", "points", "stage"}),
        {
            "firstname": "first_name",
            "lastname": "last_name",
            "email": EMAIL,
            "company": "company",
            "mobile": "phone",
            "phone": "phone",
            "points": "score",
            "address1": "street",
            "city": "city",
            "zipcode": "postal_code",
            "country": "country",
            "timezone": "timezone",
            "preferred_locale": "locale",
            "tags": TAGS,
        },
    ),
    "kartra": Program(
        "Kartra",
        frozenset({"email", "first_name", "last_name", "phone_country_code", "zip", "website"}),
        {
            "email": EMAIL,
            "first_name": "first_name",
            "last_name": "last_name",
            "phone": "phone",
            "zip": "postal_code",
            "company": "company",
            "address": "street",
            "city": "city",
            "country": "country",
            "tags": TAGS,
            "lists": LISTS,
            "score": "score",
            "notes": "notes",
        },
    ),
}
"""Exports of other programs, by a key. Columns in lower case, as those programs write them."""

ADDRESS = re.compile(r"^(?:[^<>]*<)?[^@\s<>]+@[^@\s<>]+\.[^@\s<>]{2,}>?$")
PHONE = re.compile(r"^\+?[\d\s()/.-]{7,20}$")


def one_a_line(text: str) -> str:
    """Addresses behind one another, as in the head of a mail, each in a line of its own; all other lines as they are."""
    return "\n".join(part for line in text.split("\n") for part in _apart(line))


def _apart(line: str) -> list[str]:
    parts = [part for one in re.split(r"[,;]", line) if (part := one.strip())]
    return parts if len(parts) > 1 and all(ADDRESS.match(part) for part in parts) else [line]


def program_of(columns: Sequence[str]) -> str:
    """The key of the program whose export these columns are; empty where it is none that is known."""
    names = {name.strip().lower() for name in columns}
    found = [key for key, one in PROGRAMS.items() if one.known_by <= names]
    return max(found, key=lambda key: len(PROGRAMS[key].known_by)) if found else ""


def guess(
    columns: Sequence[str], samples: Sequence[Sequence[str]], fields: Iterable[CustomField], *, program: str = ""
) -> list[str]:
    """A target for each column; `samples` are some rows. No target but tags, lists and notes is given twice."""
    known = PROGRAMS[program].targets if program in PROGRAMS else {}
    own = {_plain(name): f"{FIELD}{field.key}" for field in fields for name in _names(field)}
    targets = [
        known.get(name.strip().lower()) or own.get(_plain(name)) or _BY_WORD.get(_plain(name), "") for name in columns
    ]
    if EMAIL not in targets:
        _by_content(targets, samples)
    return _once(targets)


def _names(field: CustomField) -> tuple[str, ...]:
    """What a column of this field may be called; the last is what our own exports say."""
    return (field.key, field.label, f"{FIELD}{field.key}")


def _by_content(targets: list[str], samples: Sequence[Sequence[str]]) -> None:
    for test, target in ((ADDRESS, EMAIL), (PHONE, "phone")):
        if target in targets:
            continue
        for place, taken in enumerate(targets):
            cells = [row[place].strip() for row in samples if place < len(row) and row[place].strip()]
            if cells and (not taken or target == EMAIL) and sum(1 for one in cells if test.match(one)) * 2 > len(cells):
                targets[place] = target
                break


def _once(targets: list[str]) -> list[str]:
    seen: set[str] = set()
    kept = []
    for target in targets:
        kept.append("" if target in seen and target not in {TAGS, LISTS, "notes"} else target)
        seen.add(target)
    return kept


def from_saved(columns: Sequence[str], saved: Mapping[str, str]) -> list[str]:
    """The targets of a mapping that was kept, for the columns of this file."""
    return _once([saved.get(name.strip().lower(), "") for name in columns])


def _plain(name: str) -> str:
    """`E-Mail_Address` is looked for as `e mail address`, `Prénom` as `prenom`."""
    flat = "".join(letter for letter in normalize("NFKD", name.strip().casefold()) if not combining(letter))
    return " ".join(re.split(r"[^\w]+|_", flat)).strip()
