"""Going live: pages are published, mails in a row become an automation, forms and checkouts lead on. Pausing lets go of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.models import User
from plainsail.automations.models import Automation
from plainsail.automations.services import editing as automation_editing
from plainsail.automations.services import entering, flows
from plainsail.automations.services import publishing as automation_publishing
from plainsail.automations.services.entering import Entry
from plainsail.commerce.models import Offer
from plainsail.contacts.models import List, ListMember
from plainsail.contacts.services import lists
from plainsail.funnels import queries
from plainsail.funnels.events import FunnelPublished
from plainsail.funnels.models import Funnel, FunnelStep
from plainsail.funnels.services.routing import Kind
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish as tell
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page, Submission
from plainsail.pages.services import publishing as page_publishing

DAYS_TO_CONFIRM = 30
BY_LIST = "contacts.list_joined"
"""How mails behind a form began before they began with the form; a funnel that was published then does so until it is again."""
PAGES = frozenset({Kind.PAGE, Kind.FORM, Kind.UPSELL, Kind.DOWNSELL, Kind.SPLIT, Kind.THANKS})


class NotReady(Refusal):
    """Something on the map is missing; the message says what."""

    code = "not_ready"
    status = 422


class NotLive(Refusal):
    """It can't be paused, because it leads nobody."""

    code = "not_live"
    message = gettext_lazy("This funnel is not live.")


def faults(steps: Sequence[FunnelStep]) -> dict[str, str]:
    """What keeps a map from going live: step id to what is missing there (empty key: of the whole)."""
    found: dict[str, str] = {}
    if not any(step.is_shown for step in steps):
        found[""] = _("Add a first page.")
    for number, step in enumerate(steps):
        if fault := _fault(step, steps[:number]):
            found[str(step.id)] = fault
    return found


def _fault(step: FunnelStep, before: Sequence[FunnelStep]) -> str:
    if step.kind == Kind.SPLIT and not all(one.page for one in step.split_pages.all()):
        return _("Choose a page for each share.")
    if step.kind in PAGES - {Kind.SPLIT} and step.page is None:
        return _("Choose a page.")
    if step.kind == Kind.FORM and (step.form is None or step.form.id not in _forms_on(step.page)):
        return _("The form is not on this page.")
    if step.sells and (step.offer is None or not Offer.objects.live().filter(id=step.offer_id).exists()):
        return _("Choose an offer that can be bought.")
    if step.kind == Kind.DOWNSELL and not _follows_upsell(before):
        return _("A downsell needs an upsell right before it.")
    return _fault_of_mail(step, before)


def _fault_of_mail(step: FunnelStep, before: Sequence[FunnelStep]) -> str:
    if step.is_shown:
        return ""
    if step.kind == Kind.MAIL and (step.email is None or not step.email.subject):
        return _("Choose a mail that has a subject.")
    source = source_of(before)
    if source is None:
        return _("Mails need a form or a checkout somewhere before them.")
    if step.kind == Kind.MAIL and source.kind == Kind.CHECKOUT and topic_behind(source, before) is None:
        return _("Choose at the checkout before it which list buyers join: this mail would reach nobody.")
    return ""


def topic_behind(source: FunnelStep, before: Sequence[FunnelStep]) -> List | None:
    """The list that mails behind a form or a checkout are about: the form's; of a checkout the one that its buyers join, else
    that of the nearest form before it. None where there is no such list.
    """
    forms = [each.form.list for each in reversed(before) if each.form is not None and each.form.list is not None]
    own: List | None = source.form.list if source.kind == Kind.FORM and source.form else source.list
    return own or (forms[0] if forms and source.kind == Kind.CHECKOUT else None)


def _follows_upsell(before: Sequence[FunnelStep]) -> bool:
    shown = [each for each in before if each.is_shown]
    return bool(shown) and shown[-1].kind == Kind.UPSELL


def _forms_on(page: Page | None) -> set[object]:
    return {row_id for kind, row_id in page.document.references() if kind == "form"} if page else set()


def source_of(before: Sequence[FunnelStep]) -> FunnelStep | None:
    """What starts mails that stand behind these steps: the nearest form or checkout. An upsell starts none: not all buy it."""
    return next((each for each in reversed(before) if each.kind in (Kind.FORM, Kind.CHECKOUT)), None)


def stretches(steps: Sequence[FunnelStep]) -> list[list[FunnelStep]]:
    """Mails and waits that stand in a row, each row for itself."""
    found: list[list[FunnelStep]] = []
    for number, step in enumerate(steps):
        if step.is_shown:
            continue
        if number and not steps[number - 1].is_shown:
            found[-1].append(step)
        else:
            found.append([step])
    return found


def with_references(funnel: Funnel) -> list[FunnelStep]:
    """The steps in order with all that they refer to. One statement, and one for the pages of splits."""
    rows = funnel.steps.select_related(
        "page", "form__list", "offer__price__product", "email", "automation", "funnel", "list"
    )
    return list(rows.prefetch_related(queries.split_pages()).order_by("position"))


@transaction.atomic
def publish(funnel: Funnel, *, by: User | None, at: datetime) -> Funnel:
    """Lead visitors along the map as it is now. Pages with changes are published, mails start to be sent.

    Raises NotReady, and what there is against sending its mails.
    """
    locked: Funnel = Funnel.objects.select_for_update().get(id=funnel.id)
    steps = with_references(locked)
    if missing := faults(steps):
        raise NotReady(next(iter(missing.values())))
    # All rows of mails at once, and before anything is published: what is missing is said, and let through, of all of them.
    flows.check_live(flows.build("", {}, [_sending(step) for step in steps if step.kind == Kind.MAIL]), at=at)
    locked.state, locked.published_at, locked.is_changed = Funnel.State.LIVE, at, False
    locked.save(update_fields=["state", "published_at", "is_changed"])
    for page in {page.id: page for step in steps for page in queries.pages_of(step)}.values():
        if not page.is_published or page.has_unpublished_changes:
            page_publishing.publish(page, by=by, at=at)
    _tell_forms(steps, at=at)
    _send_mails(locked, steps, at=at)
    tell(FunnelPublished(funnel_id=locked.id, at=at))
    return locked


def _send_mails(funnel: Funnel, steps: Sequence[FunnelStep], *, at: datetime) -> None:
    """One automation for each row of mails; those of rows that are gone are paused."""
    rows = stretches(steps)
    kept = {row[0].id for row in rows}
    for step in funnel.steps.exclude(id__in=kept).filter(automation__isnull=False).select_related("automation"):
        _quiet(step.automation)
        FunnelStep.objects.filter(id=step.id).update(automation=None)
    for row in rows:
        flow, source = _flow(funnel, row, [step for step in steps if step.position < row[0].position], at=at)
        automation = row[0].automation or automation_editing.create(name=_named(funnel, row), flow=flow, at=at)
        began_by_list = is_by_list(automation)
        if automation.draft != flow:
            automation = automation_editing.replace(automation, flow, revision=automation.revision, at=at)
        automation_publishing.publish_letting_them_finish(automation, at=at)
        if began_by_list:
            _bring_along(automation, source, at=at)
        FunnelStep.objects.filter(id=row[0].id).update(automation=automation)


def is_behind(funnel: Funnel, steps: Sequence[FunnelStep], *, at: datetime) -> bool:
    """Whether a live funnel's mails are sent otherwise than its map says now: since its form asks for another list, say."""
    for row in stretches(steps) if funnel.is_live else ():
        before = [step for step in steps if step.position < row[0].position]
        source = source_of(before)
        if source is None or topic_behind(source, before) is None or row[0].automation is None:
            continue
        if row[0].automation.draft != _flow(funnel, row, before, at=at)[0]:
            return True
    return False


def is_by_list(automation: Automation | None) -> bool:
    """Whether it lets people in as they join the form's list, by whatever way, as it did before mails began with the form."""
    return automation is not None and automation.is_live and automation.listens_to == BY_LIST


def _bring_along(automation: Automation, source: FunnelStep, *, at: datetime) -> None:
    """Let in who sent the form while mails began with its list, and has yet to confirm: the list would have let them in then."""
    assert source.form is not None, "only mails behind a form began with its list"
    live = Automation.objects.select_related("version").get(id=automation.id)
    pending = ListMember.objects.filter(list_id=source.form.list_id, state=ListMember.State.PENDING)
    sent = Submission.objects.accepted().filter(form=source.form, at__gte=at - timedelta(days=DAYS_TO_CONFIRM))
    rows = sent.filter(contact__in=pending.values("contact")).order_by("at", "id").values_list("contact_id", "id")
    entries = [Entry(contact, at, entering.digest(f"form {key}")) for contact, key in rows]
    entering.enter_many(live, entries, at=at)


def _sending(step: FunnelStep, topic: List | None = None) -> flows.Step:
    """A mail of the map as a step of an automation."""
    about = {"list": str(topic.id)} if topic is not None else {}
    return flows.action("mail.send", {"email": str(step.email_id), **about})


def _named(funnel: Funnel, row: Sequence[FunnelStep]) -> str:
    return f"{funnel.name}: {row[0].name}"[:100]


def _flow(
    funnel: Funnel, row: Sequence[FunnelStep], before: Sequence[FunnelStep], *, at: datetime
) -> tuple[flows.Flow, FunnelStep]:
    """The row as a flow, and what starts it. Each step keeps its id, so that nobody under way is lost when the funnel is
    published again."""
    source = source_of(before)
    assert source is not None, "checked before"
    topic = topic_behind(source, before) or lists.default(Workspace.objects.get(id=funnel.workspace_id), at=at)
    made = []
    for step in row:
        one = flows.wait(step.amount, step.unit) if step.kind == Kind.WAIT else _sending(step, topic)
        made.append({**one, "id": step.flow_key})
    if source.form is not None and source.kind == Kind.FORM:
        confirms = [_confirms(row[0], source.form.list)] if source.form.list is not None else []
        return flows.build("pages.form_submitted", {"form": str(source.form_id)}, [*confirms, *made]), source
    assert source.offer is not None, "checked before"
    joins = [_joins(row[0], source)] if source.list is not None else []
    product = str(source.offer.price.product_id)
    return flows.build("commerce.order_paid", {"product": product}, [*joins, *made], policy="every"), source


def _joins(step: FunnelStep, source: FunnelStep) -> flows.Step:
    """Put whoever bought on the checkout's list; who left it before stays off, and gets no mail."""
    with translation.override(source.workspace.locale):
        basis = _("Bought “%(offer)s”, and gets by mail what belongs to it") % {"offer": source.offer}
    return {
        **flows.action("contacts.join_list", {"list": str(source.list_id), "basis": basis[:300]}),
        "id": f"j{step.id.hex[12:]}",
    }


def _confirms(step: FunnelStep, joined: List) -> flows.Step:
    """Wait until whoever sent the form is on its list; who is already, goes on at once.

    Joining the list would begin it for those too who come to the list by an import or by another form.
    """
    question = flows.ask("contacts.on_list", {"list": str(joined.id)})
    return {**flows.wait_until(question, amount=DAYS_TO_CONFIRM), "id": f"c{step.id.hex[12:]}"}


@transaction.atomic
def pause(funnel: Funnel, *, at: datetime) -> None:
    """Lead nobody on: forms thank, checkouts show the receipt, mails wait. Pages stay where they are. Raises NotLive."""
    if not Funnel.objects.filter(id=funnel.id, state=Funnel.State.LIVE).update(state=Funnel.State.PAUSED):
        raise NotLive
    for step in funnel.steps.filter(automation__isnull=False).select_related("automation"):
        _quiet(step.automation)
    _tell_forms(with_references(funnel), at=at)


def _tell_forms(steps: Sequence[FunnelStep], *, at: datetime) -> None:
    """What is published of a form says where its sender goes."""
    for form in {step.form.id: step.form for step in steps if step.form}.values():
        page_publishing.refresh_with_form(form, at=at)


def _quiet(automation: Automation | None) -> None:
    if automation is not None and automation.is_live:
        automation_publishing.pause(automation)
