"""Policies in plain sentences, and what a quote under one gives back. In the active language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from plainsail.kernel.periods import Span
from plainsail.subscriptions.services import limits, policies, retries
from plainsail.subscriptions.services.quoting import Quote, RefundLine

KINDS = {
    "ordinary": gettext_lazy("an ordinary cancellation"),
    "extraordinary": gettext_lazy("a cancellation for cause"),
    "withdrawal": gettext_lazy("a withdrawal in time"),
    "price_change": gettext_lazy("a change of the price"),
    "seller_closing": gettext_lazy("your closing"),
    "seller_fault": gettext_lazy("your own fault"),
}
"""What a contract may end by, as a rule's `kind` names it."""


@dataclass(frozen=True)
class Rule:
    """A rule in words. One that stands below a rule for every case is never reached."""

    sentence: str
    is_reached: bool


def rules(policy: Mapping[str, Any]) -> list[Rule]:
    """The rules of a refund policy in their order."""
    found: list[Rule] = []
    is_reached = True
    for place, rule in enumerate(policies.modern(policy)["rules"]):
        found.append(Rule(sentence(rule, place=place), is_reached))
        is_reached = is_reached and bool(rule["when"])
    return found


def sentence(rule: Mapping[str, Any], *, place: int) -> str:
    """`Within 14 days of the first payment: everything back.` At place 0 there is no other case before it."""
    when = rule["when"]
    parts = [words for words in (_span(when), _interval(when), _kinds(when)) if words]
    facts = {
        "when": ", ".join(parts) or (_("in every other case") if place else _("in every case")),
        "what": _given(rule["refund"]),
    }
    return capfirst(_("%(when)s: %(what)s.") % facts)


def _given(refund: str) -> str:
    return {
        "full": _("everything back"),
        "prorated": _("the part for the days not used"),
        "none": _("nothing back"),
        "full_less_used_if_express_start": _("everything back, less what was used if the start was asked for at once"),
    }[refund]


def _span(when: Mapping[str, Any]) -> str:
    if "within" not in when:
        return ""
    words = {
        "first_payment": _("within %(span)s of the first payment"),
        "renewal": _("within %(span)s of a renewal’s payment"),
        "contract": _("within %(span)s of the purchase"),
    }
    return words[when["of"]] % {"span": span(when["within"])}


def _interval(when: Mapping[str, Any]) -> str:
    parts = []
    if "interval_min" in when:
        parts.append(_("paid for %(span)s or longer at a time") % {"span": span(when["interval_min"])})
    if "interval_below" in when:
        parts.append(_("paid for less than %(span)s at a time") % {"span": span(when["interval_below"])})
    return ", ".join(parts)


def _kinds(when: Mapping[str, Any]) -> str:
    if "kind" not in when:
        return ""
    return _("on %(kinds)s") % {"kinds": _any_of([str(KINDS.get(kind, kind)) for kind in when["kind"]])}


def _any_of(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return _("%(some)s or %(last)s") % {"some": ", ".join(names[:-1]), "last": names[-1]}


def span(text: str) -> str:
    """A span in words: P14D is “14 days”, P1Y is “1 year”. Raises BadPeriod."""
    found = Span.parse(text)
    years, months = divmod(found.months, 12)
    parts = [
        ngettext("%(count)d year", "%(count)d years", years) % {"count": years} if years else "",
        ngettext("%(count)d month", "%(count)d months", months) % {"count": months} if months else "",
        ngettext("%(count)d day", "%(count)d days", found.days) % {"count": found.days}
        if found.days or not found.months
        else "",
    ]
    return " ".join(part for part in parts if part)


def counting(policy: Mapping[str, Any]) -> list[str]:
    """How a refund policy counts what isn't used, and by when the money is sent."""
    units = {
        "day": _("What isn’t used is counted by days of the calendar."),
        "second": _("What isn’t used is counted by the second."),
        "month30": _("What isn’t used is counted by days of months that have thirty each."),
    }
    parts = [units[policy.get("unit", "day")]]
    if policy.get("unit") != "second":
        is_unused = policy.get("cancel_day", "unused") == "unused"
        parts.append(_("The day of cancelling comes back too.") if is_unused else _("The day of cancelling is kept."))
    days = span(policies.modern(policy)["pay_within"])
    return [*parts, _("The money is sent within %(span)s, whole and the way it came.") % {"span": days}]


def floors() -> list[str]:
    """What holds whatever a refund policy says."""
    found = [
        _(
            "A consumer who withdraws within 14 days of buying gets everything back (Consumer Rights Directive, art. 9)."
        ),
        _("What is charged after a cancellation has arrived comes back whole. That is our own word."),
        _(
            "A consumer in Germany can leave a contract that renewed by itself within a month of notice; "
            "the rest comes back (§ 309 no. 9 BGB)."
        ),
        _("What a contract promised when it was bought stays; a new text counts beside it where it gives more."),
    ]
    if policies.SECOND_COOLING_OFF_FROM is not None:
        found.append(_("A consumer in the United Kingdom gets 14 days again after a trial or a renewal by a year."))
    return found


def dunning(policy: Mapping[str, Any]) -> list[str]:
    """What happens when a renewal's charge is declined."""
    tries = retries.days(policy)
    days = _("%(some)s and %(last)s") if len(tries) > 1 else "%(last)s"
    listed = days % {"some": ", ".join(str(day) for day in tries[:-1]), "last": tries[-1]} if tries else ""
    is_each = policy.get("mails", "each") == "each"
    return [
        ngettext(
            "A declined charge is tried again after %(days)s day.",
            "A declined charge is tried again after %(days)s days.",
            tries[-1] if tries else 0,
        )
        % {"days": listed},
        _(
            "After the last try the contract rests: nothing is owed for the unpaid days, what it opened closes, and its customer can go on."
        )
        if policy.get("then") == "pause"
        else _("After the last try the contract ends, and what is paid for beyond it comes back."),
        _("The customer is written to each time, with the day of the next try and a link to cancel.")
        if is_each
        else _("The customer is written to the first time and before the last try."),
        _("Paying or cancelling stops it at once; so does a bank that says never to try again."),
    ]


def retention(policy: Mapping[str, Any]) -> list[str]:
    """What becomes of the data of a business that closes, and how long what is where: what was chosen."""
    grace, years = policy["grace_days"], policy["documents_years"]
    return [
        ngettext(
            "When you close the business, everything can be exported and taken back for %(count)d day. Then it is erased.",
            "When you close the business, everything can be exported and taken back for %(count)d days. Then it is erased.",
            grace,
        )
        % {"count": grace},
        ngettext(
            "Invoices and books are kept for %(count)d year from the end of their year.",
            "Invoices and books are kept for %(count)d years from the end of their year.",
            years,
        )
        % {"count": years},
    ]


def kept() -> list[str]:
    """What of it nobody chooses, and why."""
    spans = {name: span(text) for name, text in limits.KEPT.items()}
    return [
        _("You are told again %(span)s before anything is erased.") % {"span": span(limits.WARNED_BEFORE)},
        _(
            "What buyers agreed to is kept for %(consent)s, and cancellations for %(cancellation)s from the end of their year: "
            "claims can be raised so long."
        )
        % spans,
        _("Who did what in the business is kept for %(security_log)s, and the proof that it was erased for %(proof)s.")
        % spans,
        _("Where the plan that you pay for promised you more days before data is erased, those count."),
        _("After %(span)s nothing of it is left in backups.") % {"span": span(limits.BACKUPS)},
        _(
            "The end of one contract erases nothing: its customer’s data stays with you until you delete the contact, or close."
        ),
    ]


def pausing(policy: Mapping[str, Any]) -> list[str]:
    """What customers may do by themselves with a running contract."""
    most, days = policy["most_days"], policy["move_days"]
    pauses = _("Customers can’t pause by themselves; you can do it for them.")
    if policy["by_customers"]:
        pauses = ngettext(
            "Customers can pause by themselves, for %(count)d day at most.",
            "Customers can pause by themselves, for %(count)d days at most.",
            most,
        ) % {"count": most}
        pauses = pauses if most else _("Customers can pause by themselves, for as long as they like.")
    moves = _("Customers can’t move their next charge; you can do it for them.")
    if days:
        moves = ngettext(
            "Customers can move their next charge by %(count)d day, and pay for the days in between.",
            "Customers can move their next charge by up to %(count)d days, and pay for the days in between.",
            days,
        ) % {"count": days}
    return [
        pauses,
        _("What a paused contract opened stays open.")
        if policy["access"] == "keep"
        else _("What a paused contract opened closes when the time paid for is over."),
        moves,
        _("What going on costs is shown before pausing and told again a week before."),
    ]


def text(kind: str, policy: Mapping[str, Any]) -> list[str]:
    """Any policy, sentence by sentence."""
    if kind == "refund":
        return [*(rule.sentence for rule in rules(policy)), *counting(policy)]
    return {"dunning": dunning, "retention": retention, "pausing": pausing}[kind](policy)


def because(quote: Quote) -> list[str]:
    """Why what a quote pays back comes back: a sentence for all of it, or one a line where the grounds differ."""
    words = [_because(line) for line in quote.refunds]
    if len(set(words)) < 2:
        return words[:1]
    language = get_language() or "en"
    amounts = [line.amount_in(quote.currency).format(language) for line in quote.refunds]
    return [
        f"{line.description} ({amount}): {said}"
        for line, amount, said in zip(quote.refunds, amounts, words, strict=True)
    ]


def _because(line: RefundLine) -> str:
    if line.ground != "policy" or not line.by:  # stored before quotes named their rule
        return capfirst(ground(line.ground)) + "."
    said = sentence(line.by, place=1)
    if line.rule == "full" or line.by.get("unit") == "second":
        return said
    is_unused = line.by.get("cancel_day", "unused") == "unused"
    return f"{said} {_('The day of cancelling comes back too.') if is_unused else _('The day of cancelling is kept.')}"


def nothing(quote: Quote) -> str:
    """Why nothing comes back."""
    return _("all that is paid is served") if quote.when == "period_end" else _("by the policy")


def ground(name: str) -> str:
    """Why money comes back."""
    return {
        "policy": _("by the policy"),
        "withdrawal": _("by law: a withdrawal in time"),
        "tacit_renewal": _("by law: it renewed by itself"),
        "second_cooling_off": _("by law: a second fortnight"),
        "charged_after_cancellation": _("our word: charged after the cancellation"),
        "not_begun": _("our word: its time hasn’t begun"),
    }[name]
