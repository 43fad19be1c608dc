"""What a template is written with: steps, pages, offers and mails, put together into a package (see `services.packing`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from plainsail.blocks.services import documents
from plainsail.kernel.addresses import public_path
from plainsail.kernel.ids import new_id

Words = str | Promise
Section = tuple[str, dict[str, Any]]
Sections = list[Section]
MAIL_THEME = "juniper"


@dataclass(frozen=True, kw_only=True)
class Business:
    """Who speaks, and in which currency prices are."""

    name: str
    address: str
    currency: str


@dataclass(frozen=True)
class Ways:
    """Where the buttons of a step lead, and the form that stands on its page."""

    step: str
    form: str = ""

    @property
    def on(self) -> str:
        return public_path("funnels:next", self.step)

    @property
    def yes(self) -> str:
        return public_path("funnels:answer", self.step, "yes")

    @property
    def no(self) -> str:
        return public_path("funnels:answer", self.step, "no")


@dataclass(frozen=True, kw_only=True)
class Template:
    """A funnel to start from. `plan(business)` writes its package in the active language, and touches no database."""

    key: str
    label: Words
    text: Words
    icon: str
    plan: Callable[[Business], dict[str, Any]]


class Plan:
    """A funnel as it is being written."""

    def __init__(self, business: Business, *, name: str, people: str, theme: str) -> None:
        self.business, self.theme = business, theme
        self.package: dict[str, Any] = {
            "kind": "plainsail.funnel",
            "v": 1,
            "name": name,
            "list": people,
            **{part: [] for part in ("steps", "pages", "forms", "emails", "offers")},
        }

    def page(
        self, kind: str, name: str, slug: str, write: Callable[[Ways], Sections], *, says: str = "", offer: str = ""
    ) -> str:
        """A step with a page of its own; one of the kind `form` gets a form."""
        step, page = _key(), _key()
        form = self._form(name) if kind == "form" else ""
        sections = [*write(Ways(step, form)), self._footer()]
        document = documents.build({"name": self.theme}, sections)
        self.package["pages"].append(
            {"id": page, "title": name, "description": says, "path": slug, "document": documents.save(document)}
        )
        return self._step(step, kind, name, page=page, form=form, offer=offer)

    def sells(self, name: str, minor: int, says: str, **price: Any) -> str:
        """An offer of its own; the price in the business's currency, in minor units."""
        key = _key()
        terms = {"currency": self.business.currency, "minor": minor, "interval": "", **price}
        self.package["offers"].append(
            {"id": key, "name": name, "description": says, "product": name, "supply": "online", "price": terms}
        )
        return key

    def checkout(self, name: str, offer: str) -> str:
        return self._step(_key(), "checkout", name, offer=offer)

    def wait(self, amount: int, unit: str = "days") -> str:
        return self._step(_key(), "wait", _("Wait"), amount=amount, unit=unit)

    def mail(self, subject: str, preheader: str, *paragraphs: str, button: str = "", link: str = "") -> str:
        """A mail; its button leads on from here, or where `link` says."""
        self._reach_buyers()
        step, email = _key(), _key()
        hello = _("Hello {{first_name|there}},")
        said = "".join(f"<p>{paragraph}</p>" for paragraph in (hello, *paragraphs))
        parts: Sections = [("text", {"text": said})]
        if button:
            parts.append(("button", {"button": button, "link": link or Ways(step).on, "layout": "start"}))
        parts.append(("text", {"text": f"<p>{self.business.name}</p>"}))
        document = documents.save(documents.build(MAIL_THEME, parts))
        self.package["emails"].append({"id": email, "subject": subject, "preheader": preheader, "document": document})
        return self._step(step, "mail", subject, email=email)

    def _reach_buyers(self) -> None:
        """Have the buyers of the checkout that the next mail stands behind join the funnel's list: else it would reach nobody."""
        before = [step for step in self.package["steps"] if step["kind"] in ("form", "checkout")]
        if before and before[-1]["kind"] == "checkout":
            before[-1]["list"] = self.package["list"]

    def _form(self, name: str) -> str:
        key = _key()
        self.package["forms"].append(
            {
                "id": key,
                "name": name,
                "fields": [{"name": "first_name"}, {"name": "email"}],
                "consent": "",
            }
        )
        return key

    def _step(self, key: str, kind: str, name: str, **values: Any) -> str:
        self.package["steps"].append(
            {"id": key, "kind": kind, "name": name[:100], **{k: v for k, v in values.items() if v}}
        )
        return key

    def _footer(self) -> Section:
        return "footer", {"name": self.business.name, "address": self.business.address, "items": []}


def _key() -> str:
    return str(new_id())


def hero(
    heading: str, text: str, button: str, link: str, *, eyebrow: str = "", note: str = "", picture: str = "sailboat"
) -> Section:
    props = {"eyebrow": eyebrow, "heading": heading, "text": text, "button": button, "link": link, "note": note}
    return "hero", {**props, "image": {"picture": picture}, "layout": "beside"}


def points(heading: str, *pairs: tuple[str, str]) -> Section:
    items = [{"title": title, "text": text} for title, text in pairs]
    return "features", {"heading": heading, "layout": "numbers", "items": items}


def quote(words: str, name: str, role: str) -> Section:
    items = [{"quote": words, "name": name, "role": role}]
    return "testimonials", {"heading": "", "layout": "large", "ground": "tint", "items": items}


def asks(form: str, heading: str, text: str, button: str) -> Section:
    return "form", {"heading": heading, "text": text, "form": form, "button": button, "note": "", "layout": "beside"}


def questions(*pairs: tuple[str, str]) -> Section:
    items = [{"question": question, "answer": f"<p>{answer}</p>"} for question, answer in pairs]
    return "questions", {"heading": _("Good to know"), "items": items}


def call(text: str, button: str, link: str) -> Section:
    return "button", {"text": text, "button": button, "link": link, "layout": "band"}


def aside(button: str, link: str) -> Section:
    """A quiet way out, such as “No, thanks”."""
    return "text", {"text": f'<p><a href="{link}">{button}</a></p>'}


def words(heading: str, *paragraphs: str) -> Sections:
    return [("heading", {"heading": heading}), ("text", {"text": "".join(f"<p>{each}</p>" for each in paragraphs)})]


Writer = Callable[[Ways], Sections]
Props = Mapping[str, Any]
