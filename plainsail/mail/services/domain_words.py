"""Findings about a sending domain in plain words: what was found, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.mail.services import domain_checks
from plainsail.mail.services.domain_checks import Finding

Words = str | Promise

TITLES: Mapping[str, Words] = {
    "spf": _("Who may send (SPF)"),
    "dkim": _("Signature (DKIM)"),
    "dmarc": _("What happens to forgeries (DMARC)"),
    "return_path": _("Where undeliverable mail goes"),
    "mx": _("Replies reach you"),
    "ptr": _("Name of the sending server"),
}

FOUND: Mapping[str, Words] = {
    "dns_timeout": _("The name servers of %(name)s did not answer in time. Look again in a few minutes."),
    "dns_servfail": _(
        "The name servers of %(name)s answer with an error. Ask whoever looks after the domain; often DNSSEC is broken."
    ),
    "dns_bad_name": _("%(name)s can’t be a name in the DNS."),
    "spf_good": _("%(name)s says who may send."),
    "spf_missing": _("%(name)s has no SPF record. Add the one below."),
    "spf_several": _("%(name)s has more than one SPF record; servers then heed none. Put them together into one."),
    "spf_syntax": _("There is something in the SPF record of %(name)s that mail servers don’t understand."),
    "spf_loop": _("The SPF record of %(name)s includes itself. Take that part out."),
    "spf_include_missing": _("The SPF record of %(name)s includes a domain that has none. Take that part out."),
    "spf_allows_nobody": _(
        "The SPF record of %(name)s lets nobody send. Put what sends your mail in front of its “all”, as in the record below."
    ),
    "spf_too_many": _(
        "The SPF record of %(name)s costs more than 10 questions, so servers give up. Take out what you don’t use."
    ),
    "spf_allows_all": _("The SPF record of %(name)s lets everybody send. End it with “~all” instead of “+all”."),
    "spf_leaves_out": _("The SPF record of %(name)s leaves out the server that sends, %(address)s. Add it."),
    "dkim_good": _("The key at %(name)s is the one that signs."),
    "dkim_missing": _("There is no key at %(name)s yet. Add the record below."),
    "dkim_other_key": _("At %(name)s stands another key than the one that signs. Replace it by the record below."),
    "dkim_no_selector": _("The mail server signs: say below under which selector, so that its key can be looked up."),
    "dkim_revoked": _("The key at %(name)s was taken back: its “p=” is empty. Put the mail server’s key there."),
    "dkim_weak": _("The key at %(name)s has %(bits)s bits only. Servers want 1,024 at least, better 2,048."),
    "dkim_broken": _("What stands at %(name)s is no key. It was probably cut off or lost some letters."),
    "dmarc_good": _("%(name)s says what to do with forgeries, and asks for reports."),
    "dmarc_above": _("Covered by the record at %(name)s."),
    "dmarc_missing": _(
        "There is no record at %(name)s. Add the one below: it changes nothing for your mail, and brings reports."
    ),
    "dmarc_several": _("%(name)s has more than one DMARC record; servers then heed none. Leave one."),
    "dmarc_broken": _(
        "The policy in the record at %(name)s is none that servers know. It must be none, quarantine or reject."
    ),
    "dmarc_no_reports": _("The record at %(name)s asks for no reports. Add “rua=mailto:…” to hear of forgeries."),
    "return_path_good": _("Mail that can’t be delivered comes back to %(host)s."),
    "return_path_missing": _("%(name)s leads nowhere, so bounces get lost. Add the record below."),
    "return_path_elsewhere": _("Mail to %(name)s goes elsewhere than to %(host)s. Change its MX record."),
    "return_path_off": _(
        "This installation takes no bounces in, so they go to the sender’s own mailbox. Dead addresses stay on your lists."
    ),
    "mx_good": _("Mail to %(name)s is taken in."),
    "mx_missing": _(
        "Nobody takes mail for %(name)s in. Servers refuse senders who can’t be answered: add an MX record."
    ),
    "mx_null": _("%(name)s says that it takes no mail at all. Servers refuse such senders."),
    "mx_only_address": _(
        "%(name)s has no MX record, only an address. Most servers accept that; an MX record is better."
    ),
    "ptr_good": _("%(name)s has a name, and the name leads back to it."),
    "ptr_of_provider": _("%(name)s sends for you; its name is its owner’s business."),
    "ptr_unknown": _("The public address of %(name)s is not known here, so its name could not be checked."),
    "ptr_missing": _(
        "%(name)s has no name. Gmail and others refuse such servers: set its reverse DNS (PTR) at your hoster."
    ),
    "ptr_unconfirmed": _(
        "The name of %(name)s does not lead back to it. Add an A record for the name, or change the PTR."
    ),
}


@dataclass(frozen=True)
class Row:
    """One row as it is shown. `tone` is `good`, `warn`, `bad`, or `neutral` before the first look."""

    key: str
    tone: str
    title: Words
    text: str
    seen: str


def rows(findings: list[Finding]) -> list[Row]:
    """Findings in the reader's language, in the order of the page."""
    by_key = {finding["key"]: finding for finding in findings}
    return [_row(key, by_key.get(key)) for key in domain_checks.ROWS]


def summary(findings: list[Finding]) -> str:
    """The tone of all together: `good`, `warn`, `bad`, or `neutral` before the first look."""
    tones = {finding["tone"] for finding in findings}
    return next((tone for tone in ("bad", "warn", "good") if tone in tones), "neutral")


def worded(finding: Finding) -> str:
    """One finding as a sentence or two."""
    text: str = str(FOUND.get(finding["code"], finding["code"])) % finding["facts"]
    return text


def _row(key: str, finding: Finding | None) -> Row:
    if finding is None:
        return Row(key, "neutral", TITLES[key], str(_("Not looked at yet.")), "")
    return Row(key, finding["tone"], TITLES[key], worded(finding), finding["seen"])
