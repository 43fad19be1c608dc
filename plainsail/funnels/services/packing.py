"""A funnel with all that it uses as one JSON package, and a package as a new funnel: ids renewed, nothing live.

    {"kind": "plainsail.funnel", "v": 1, "name", "list", "steps": [{"id", "kind", "name", "page", "form", "offer", "email",
     "amount", "unit", "list", "split": [{"page", "share"}]}], "pages": [{"id", "title", "description", "path", "document"}],
     "forms": [{"id", "name", "fields", "consent", "thanks_title", "thanks_text", "tags", "lists", "offered"}],
     "emails": [{"id", "subject", "preheader", "document"}],
     "offers": [{"id", "name", "description", "product", "supply", "price": {…}}], "countdowns": [{"id", …}]}

Tags and lists are said by their names: those that are here already are used.

As a file it brings its pictures along, see `bundling`.

Documents point to forms, offers and steps by these ids, so unpacking gives everything an id of its own and writes it in their place.
Templates are packages too: whatever builds a funnel goes through here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.commerce.models import Offer
from plainsail.commerce.services import catalogue
from plainsail.commerce.services.catalogue import BadTerms, PriceTerms
from plainsail.contacts.models import List
from plainsail.contacts.services import lists, tags
from plainsail.funnels import queries
from plainsail.funnels.models import Funnel, FunnelStep
from plainsail.funnels.services import drawing
from plainsail.funnels.services.drawing import BadShares
from plainsail.funnels.services.publishing import with_references
from plainsail.funnels.services.routing import Kind
from plainsail.kernel.errors import Refusal
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import BadMoney, Money
from plainsail.mail.models import Email
from plainsail.mail.services import emails
from plainsail.pages.models import Countdown, Form, Page
from plainsail.pages.services import forms, packed_countdowns, packed_forms, pages

KIND, FORMAT = "plainsail.funnel", 1
LISTS = {"more_lists": "lists", "offered_lists": "offered"}
"""Lists of a form beside its first, to what a package calls them."""
MOST_NAMES = 20
MOST_BYTES = 4 * 1024 * 1024
PARTS = ("pages", "forms", "emails", "offers", "steps")
TOO_LARGE = _("This file is too large to be a funnel.")
UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PRICE = ("interval", "interval_count", "payments", "cycle", "cycle_count", "trial_days", "tax_behavior")

Package = dict[str, Any]


class BadPackage(Refusal):
    """This is not a funnel, or one that this version can't read."""

    code = "bad_package"
    message = _("This is not a funnel that can be read here. Nothing was made.")
    status = 422


def pack(funnel: Funnel) -> Package:
    """Everything that a funnel uses, without a word about its visitors, contacts or orders."""
    steps = with_references(funnel)
    used = _Used(steps)
    topic = next((form.list for form in used.forms), None) or next((step.list for step in steps if step.list), None)
    return {
        "kind": KIND,
        "v": FORMAT,
        "name": funnel.name,
        "list": topic.name if topic is not None else "",
        "steps": [_step(step) for step in steps],
        "pages": [_page(page) for page in used.pages],
        "forms": [_form(form) for form in used.forms],
        "emails": [_email(email) for email in used.emails],
        "offers": [_offer(offer) for offer in used.offers],
        "countdowns": [{"id": str(one.id), **packed_countdowns.pack(one)} for one in used.countdowns],
    }


class _Used:
    """What the steps refer to, and what their documents refer to: each once."""

    def __init__(self, steps: Sequence[FunnelStep]) -> None:
        self.pages: list[Page] = _once(page for step in steps for page in queries.pages_of(step))
        self.emails: list[Email] = _once(step.email for step in steps)
        written = [page.document for page in self.pages] + [email.read() for email in self.emails]
        named = {reference for document in written for reference in document.references()}
        ends = Countdown.objects.filter(id__in={key for kind, key in named if kind == "countdown"})
        self.countdowns: list[Countdown] = list(ends.select_related("list", "tag").order_by("id"))
        form_ids = {key for kind, key in named if kind == "form"} | {step.form_id for step in steps if step.form_id}
        offer_ids = {key for kind, key in named if kind == "offer"} | {step.offer_id for step in steps if step.offer_id}
        self.forms: list[Form] = list(Form.objects.filter(id__in=form_ids).select_related("list").order_by("id"))
        offers = Offer.objects.filter(id__in=offer_ids).select_related("price__product")
        self.offers: list[Offer] = list(offers.order_by("id"))


def _once(rows: Any) -> list[Any]:
    return list({row.id: row for row in rows if row is not None}.values())


def _key(row_id: UUID | None) -> str | None:
    return str(row_id) if row_id else None


def _step(step: FunnelStep) -> dict[str, Any]:
    return {
        "id": str(step.id),
        "kind": step.kind,
        "name": step.name,
        "page": _key(step.page_id),
        "form": _key(step.form_id),
        "offer": _key(step.offer_id),
        "email": _key(step.email_id),
        "list": step.list.name if step.list is not None else "",
        "amount": step.amount,
        "unit": step.unit,
        "split": [{"page": _key(one.page_id), "share": one.share} for one in step.split_pages.all()],
    }


def _page(page: Page) -> dict[str, Any]:
    return {
        "id": str(page.id),
        "title": page.title,
        "description": page.description,
        "path": page.path,
        "document": documents.save(page.document),
    }


def _form(form: Form) -> dict[str, Any]:
    lists_of = {name: [one.name for one in forms.lists_of(form, getattr(form, name))] for name in LISTS}
    tagged = form.workspace.tags.filter(id__in=form.tags).order_by("name", "id")
    return {
        "id": str(form.id),
        **packed_forms.pack(form),
        "tags": [tag.name for tag in tagged],
        **{key: lists_of[name] for name, key in LISTS.items()},
    }


def _email(email: Email) -> dict[str, Any]:
    return {"id": str(email.id), "subject": email.subject, "preheader": email.preheader, "document": email.document}


def _offer(offer: Offer) -> dict[str, Any]:
    price = offer.price
    return {
        "id": str(offer.id),
        "name": offer.name,
        "description": offer.description,
        "product": price.product.name,
        "supply": price.product.supply,
        "price": {
            "currency": price.currency,
            "minor": price.unit_minor,
            "initial_minor": price.initial_minor,
            **{name: getattr(price, name) for name in PRICE},
        },
    }


def _split(step: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The pages of a packed split with their shares; earlier packages knew two."""
    if "split" in step:
        found: Sequence[Mapping[str, Any]] = step["split"]
        return found
    first = min(99, max(1, int(step.get("share") or 50)))
    return [{"page": step.get("page"), "share": first}, {"page": step.get("other_page"), "share": 100 - first}]


def read(raw: str | bytes) -> Package:
    """A package from its text. Raises BadPackage for anything else, and for one that is too large."""
    if len(raw) > MOST_BYTES:
        raise BadPackage(TOO_LARGE)
    try:
        package = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadPackage from error
    if not isinstance(package, dict) or package.get("kind") != KIND or package.get("v") != FORMAT:
        raise BadPackage
    if not all(isinstance(package.get(part), list) for part in PARTS):
        raise BadPackage
    return package


@transaction.atomic
def unpack(
    workspace: Workspace,
    package: Mapping[str, Any],
    *,
    by: User | None,
    at: datetime,
    ids: Mapping[str, str] | None = None,
) -> Funnel:
    """A draft funnel from a package: every row new, every id renewed, nothing published, nothing for sale on a live page.

    Prices are taken over in their currency. `ids` says what else is here under another id, such as pictures. Raises
    BadPackage, and makes nothing then.
    """
    try:
        with transaction.atomic():
            unpacking = _Unpacking(workspace, package, by=by, at=at)
            unpacking.ids |= ids or {}
            return unpacking.funnel()
    except (KeyError, TypeError, ValueError, AttributeError, InvalidDocument, BadTerms, BadMoney, BadShares) as error:
        raise BadPackage from error


class _Unpacking:
    """One package on its way to rows; `ids` is what stands in the place of the package's ids."""

    def __init__(self, workspace: Workspace, package: Mapping[str, Any], *, by: User | None, at: datetime) -> None:
        self.workspace, self.package, self.by, self.at = workspace, package, by, at
        self.ids = {str(UUID(step["id"])): str(new_id()) for step in package["steps"]}
        self.lists: dict[str, List] = {}
        if len(package["steps"]) > drawing.MOST_STEPS:
            raise BadPackage

    def funnel(self) -> Funnel:
        topic = self._list()
        made_forms = {self._known(each, form): form for each in self._all("forms") if (form := self._form(each, topic))}
        made_offers = {self._known(each, offer): offer for each in self._all("offers") if (offer := self._offer(each))}
        for each in self._all("countdowns") if "countdowns" in self.package else ():
            self._known(each, self._countdown(each))
        made_emails = {self._known(each, email): email for each in self._all("emails") if (email := self._email(each))}
        made_pages = {self._known(each, page): page for each in self._all("pages") if (page := self._page(each))}
        funnel = drawing.create(name=str(self.package["name"])[:100] or "Funnel", at=self.at)
        for position, step in enumerate(self._all("steps")):
            made = drawing.insert(
                funnel,
                position=position,
                kind=Kind(step["kind"]),
                name=str(step["name"])[:100],
                at=self.at,
                id=UUID(self.ids[step["id"]]),
                page=None if step["kind"] == Kind.SPLIT else made_pages.get(step.get("page") or ""),
                form=made_forms.get(step.get("form") or ""),
                offer=made_offers.get(step.get("offer") or ""),
                email=made_emails.get(step.get("email") or ""),
                list=self._joined(step, topic),
                amount=min(1000, max(1, int(step.get("amount") or 1))),
                unit=FunnelStep.Unit(step.get("unit") or "days"),
            )
            if made.kind == Kind.SPLIT:
                shown = [(made_pages.get(one.get("page") or ""), int(one["share"])) for one in _split(step)]
                drawing.part(made, shown, at=self.at)
        return funnel

    def _all(self, part: str) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.package[part]
        if len(found) > drawing.MOST_STEPS * 2:
            raise BadPackage
        return found

    def _known(self, packed: Mapping[str, Any], row: Any) -> str:
        key = str(UUID(packed["id"]))
        self.ids[key] = str(row.id)
        return key

    def _renewed(self, document: Any) -> Any:
        """The document with the new ids in the place of those that the package knows; an id that it doesn't know is nobody's."""
        said = UUIDS.sub(lambda found: self.ids.get(found.group(), found.group()), json.dumps(document))
        return json.loads(said)

    def _list(self) -> List:
        name = str(self.package.get("list") or "")[:100]
        if not name:
            return lists.default(self.workspace, at=self.at)
        return lists.create(self.workspace, name=name, at=self.at)

    def _joined(self, step: Mapping[str, Any], topic: List) -> List | None:
        """The list that buyers of a checkout join: the funnel's, or one of that name."""
        name = str(step.get("list") or "")[:100]
        if not name or name == topic.name:
            return topic if name else None
        return self._called(name)

    def _called(self, name: str) -> List:
        """The list of a name, made if there is none."""
        if name not in self.lists:
            there = self.workspace.lists.filter(name=name).order_by("created_at", "id").first()
            self.lists[name] = there or lists.create(self.workspace, name=name, at=self.at)
        return self.lists[name]

    def _countdown(self, packed: Mapping[str, Any]) -> Countdown:
        closes = [self.ids[key] for key in packed["closes"] if key in self.ids]
        return packed_countdowns.unpack(
            self.workspace,
            {**packed, "url": self._renewed(packed["url"])},
            topic=self._called(str(packed["list"])[:100]) if packed["list"] else None,
            tag=tags.named(self.workspace, str(packed["tag"])[:60]) if packed["tag"] else None,
            closes=closes,
        )

    def _form(self, packed: Mapping[str, Any], topic: List) -> Form:
        # The consent names the business that asks for it: another one's words would be untrue here.
        made = forms.make(self.workspace, name=str(packed["name"])[:120], list=topic, at=self.at)
        made = packed_forms.unpack(made, packed, at=self.at)
        named = {
            key: [str(name)[:60] for name in packed.get(key) or ()][:MOST_NAMES] for key in ("tags", *LISTS.values())
        }
        if not any(named.values()):
            return made
        given: dict[str, Any] = {name: [str(self._called(one).id) for one in named[key]] for name, key in LISTS.items()}
        given["tags"] = [str(tags.named(self.workspace, name).id) for name in named["tags"]]
        return forms.change(made, at=self.at, **given)

    def _offer(self, packed: Mapping[str, Any]) -> Offer:
        price = packed["price"]
        currency = str(price["currency"])
        trial = Money(int(price.get("initial_minor") or 0), currency)
        terms = PriceTerms(
            amount=Money(int(price["minor"]), currency),
            initial=trial if trial.minor else None,
            **{name: price[name] for name in PRICE if name in price},
        )
        product = catalogue.create_product(
            name=str(packed["product"])[:120],
            terms=terms,
            description=str(packed.get("description") or "")[:2000],
            supply=str(packed["supply"]),
            at=self.at,
        )
        made: Offer = Offer.objects.get(price__product=product)
        return made

    def _email(self, packed: Mapping[str, Any]) -> Email:
        document = documents.load(self._renewed(packed["document"]))
        return emails.create(
            document, subject=str(packed["subject"])[:200], preheader=str(packed["preheader"])[:200], at=self.at
        )

    def _page(self, packed: Mapping[str, Any]) -> Page:
        return pages.create(
            self.workspace,
            documents.load(self._renewed(packed["document"])),
            title=str(packed["title"])[:120],
            description=str(packed["description"])[:300],
            path=str(packed["path"]),
            by=self.by,
            at=self.at,
        )
