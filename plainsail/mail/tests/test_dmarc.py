"""Reports about a sending domain come in at the door of bounces, in every packing, once; what means ill is put aside."""

from __future__ import annotations

import gzip
import smtplib
import zipfile
import zlib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from io import BytesIO

import pytest

from plainsail.kernel import clock
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.http import workspace_url
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import DmarcDay, DmarcReport, StrayMail
from plainsail.mail.services import dmarc, dmarc_addresses, dmarc_reading, dmarc_words, returns
from plainsail.mail.tests.factories import SendingDomainFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SPACE = "urn:ietf:params:xml:ns:dmarc-2.0"


def row(source="198.51.100.7", count=3, dkim="pass", spf="pass", disposition="none"):
    return (
        f"<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated>"
        f"<disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row>"
        "<identifiers><header_from>kiln.example</header_from></identifiers><auth_results><spf><domain>x.example"
        "</domain><result>fail</result></spf></auth_results></record>"
    )


def report(*rows, domain="kiln.example", org="google.com", report_id="1", begins=NOON - DAY, before="", space=""):
    begin, end = int(begins.timestamp()), int((begins + DAY).timestamp()) - 1
    return (
        f'<?xml version="1.0"?>{before}<feedback{space}><report_metadata><org_name>{org}</org_name><email>x@{org}</email>'
        f"<report_id>{report_id}</report_id><date_range><begin>{begin}</begin><end>{end}</end></date_range>"
        f"</report_metadata><policy_published><domain>{domain}</domain><p>none</p></policy_published>"
        f"{''.join(rows or [row()])}</feedback>"
    ).encode()


def zipped(xml, names=("report.xml",)):
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, xml)
    return made.getvalue()


def mail(content, *, to="reports@kiln.example", kind="octet-stream"):
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "noreply@google.com", to, "Report domain: kiln.example"
    made.set_content("This is an aggregate report.")
    made.add_attachment(content, maintype="application", subtype=kind, filename="report")
    return made.as_bytes()


@pytest.fixture
def domain(juniper):
    with workspace(juniper):
        return SendingDomainFactory(domain="kiln.example")


@pytest.fixture
def address(domain, monkeypatch):
    return f"d+{dmarc_addresses.token(domain.workspace_id, domain.id)}@bounces.kiln.example"


def take(content, address, *, at=NOON):
    return returns.take_in(mail(content), received_at=at, to=[address]).fate.value


def days(juniper):
    with workspace(juniper):
        return list(
            DmarcDay.objects.order_by("day", "source").values_list(
                "source", "messages", "passed", "dkim_passed", "spf_passed", "rejected"
            )
        )


@pytest.mark.parametrize("packed", [bytes, gzip.compress, zipped], ids=["xml", "gzip", "zip"])
@pytest.mark.parametrize("space", ["", f' xmlns="{SPACE}"'], ids=["old", "new"])
def test_a_report_is_taken_in_however_it_is_packed_and_added_up_by_source(juniper, address, packed, space):
    xml = report(
        row(count=3),
        row(count=2, dkim="fail"),
        row("203.0.113.9", count=5, dkim="fail", spf="fail", disposition="reject"),
        space=space,
    )
    assert take(packed(xml), address) == "kept"
    assert days(juniper) == [("198.51.100.7", 5, 5, 3, 5, 0), ("203.0.113.9", 5, 0, 0, 0, 5)]


def test_reports_of_several_about_a_day_are_added_and_the_same_one_counts_once(juniper, address):
    assert take(report(), address) == "kept"
    assert take(gzip.compress(report(row(count=900))), address) == "repeated"
    assert take(report(org="outlook.com"), address) == "kept"
    assert [messages for _source, messages, *_rest in days(juniper)] == [6]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (report(domain="elsewhere.example"), "other_domain"),
        (report(domain="evilkiln.example"), "other_domain"),
        (report(begins=NOON - 500 * DAY), "other_time"),
        (report(begins=NOON + 30 * DAY), "other_time"),
        (report(row("not an address")), "broken"),
        (report(row(count=-1)), "broken"),
        (report(row(count=10**12)), "broken"),
        (report()[:-20], "broken"),
        (gzip.compress(report())[:-20], "broken"),
        (b"PK\x03\x04" + b"x" * 100, "broken"),
        (zipped(report(), ("a.xml", "b.xml")), "broken"),
        (b"<html><body>feedback</body></html>", "no_report"),
        (b"hello", "no_report"),
        (report(before='<!DOCTYPE f [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'), "doctype"),
        (report(before='<!DOCTYPE f SYSTEM "file:///etc/passwd">'), "doctype"),
        (b"<feedback>" * 5000, "broken"),
    ],
)
def test_what_is_forged_or_broken_is_put_aside_with_the_reason(juniper, address, content, why):
    assert take(content, address) == "stray"
    assert StrayMail.objects.get().why == f"dmarc_{why}"
    assert days(juniper) == []


@pytest.mark.parametrize("pack", [gzip.compress, zipped], ids=["gzip", "zip"])
def test_a_bomb_is_unpacked_no_further_than_a_report_can_be_long(monkeypatch, address, pack):
    monkeypatch.setattr(dmarc_reading, "LARGEST", 100_000)
    bomb = pack(b"<feedback>" + b" " * 50_000_000)
    assert len(bomb) < 100_000
    assert take(bomb, address) == "stray"
    assert StrayMail.objects.get().why == "dmarc_too_large"


def test_packed_twice_it_is_not_unpacked_twice(address):
    assert take(gzip.compress(gzip.compress(report())), address) == "stray"


def test_a_long_report_keeps_its_largest_sources_and_adds_the_others_up(monkeypatch):
    monkeypatch.setattr(dmarc_reading, "MOST_SOURCES", 3)
    found = dmarc_reading.read(report(*(row(f"198.51.100.{number}", count=number) for number in range(1, 7))))
    assert {source: sums.messages for source, sums in found.sources.items()} == {
        "198.51.100.6": 6,
        "198.51.100.5": 5,
        dmarc.OTHERS: 10,
    }
    monkeypatch.setattr(dmarc_reading, "MOST_RECORDS", 5)
    with pytest.raises(dmarc_reading.Unreadable):
        dmarc_reading.read(report(*(row() for _number in range(6))))


def test_nobody_sends_any_number_of_reports_in_a_day(monkeypatch, juniper, address):
    monkeypatch.setattr(dmarc, "MOST_A_DAY", 2)
    assert [take(report(report_id=f"{number}"), address) for number in range(3)] == ["kept", "kept", "stray"]
    assert take(report(report_id="3"), address, at=NOON + DAY + timedelta(minutes=1)) == "kept"


def test_an_address_of_one_domain_is_of_no_other(domain):
    made = dmarc_addresses.token(domain.workspace_id, domain.id)
    assert dmarc_addresses.read(made) == (domain.workspace_id, domain.id)
    other = ("0" if made[5] != "0" else "1").join((made[:5], made[6:]))
    for given in (other, made[:-1], "z" * 62, f"{made[:-1]}ä"):
        with pytest.raises(BadToken):
            dmarc_addresses.read(given)


def test_of_a_domain_that_is_gone_nothing_is_kept(juniper, domain):
    place = dmarc_addresses.Place(juniper.id, new_id())
    assert dmarc.take_in(mail(report()), place, received_at=NOON) == "no_domain"


@pytest.mark.django_db(transaction=True)
def test_the_door_takes_reports_for_addresses_made_here_only(juniper, address, door):
    begins = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - DAY
    with smtplib.SMTP("127.0.0.1", door) as server:
        server.sendmail("noreply@google.com", [address], mail(gzip.compress(report(begins=begins))))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            server.sendmail("noreply@google.com", [f"d+{'a' * 62}@bounces.kiln.example"], mail(report()))
    assert [messages for _source, messages, *_rest in days(juniper)] == [3]


def test_what_is_older_than_a_year_goes(juniper, address):
    assert take(report(), address) == "kept"
    with clock.fixed(NOON + 402 * DAY):
        dmarc.forget.function()
    with workspace(juniper):
        assert (DmarcDay.objects.count(), DmarcReport.objects.count()) == (0, 0)


def test_the_page_says_in_words_what_was_reported_and_what_to_do(juniper, as_ada, domain, address):
    begins = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - DAY
    path = workspace_url(juniper, "mail:domain_reports", domain.id)
    assert b"No report yet" in as_ada.get(path).content
    forged = row("203.0.113.9", count=50, dkim="fail", spf="fail")
    assert take(report(row(count=950), forged, begins=begins), address, at=clock.now()) == "kept"
    page = as_ada.get(path).content.decode()
    assert "95%" in page
    assert "203.0.113.9" in page
    assert "somebody forges your name" in page
    assert "google.com" in page
    assert "see to the sources below that are yours" in page


def test_a_stricter_policy_is_advised_once_nearly_all_passed_for_two_weeks(juniper, domain, address):
    for number in range(15):
        begins = NOON.replace(hour=0) - number * DAY
        assert take(report(report_id=f"{number}", begins=begins), address) == "kept"
    with workspace(juniper):
        assert "p=quarantine" in dmarc_words.panel(domain, today=NOON.date()).advice
        domain.findings = [{"key": "dmarc", "tone": "good", "code": "", "seen": "v=DMARC1; p=quarantine", "facts": {}}]
        assert "p=reject" in dmarc_words.panel(domain, today=NOON.date()).advice


def test_garbage_of_any_kind_is_no_report():
    for content in (b"", b"\x1f\x8b", zlib.compress(b"x"), b"<", b"<feedback", b"\xff\xfe<feedback/>"):
        with pytest.raises(dmarc_reading.Unreadable):
            dmarc_reading.read_mail(mail(content))


def test_a_stranger_sees_no_reports(juniper, as_cleo, domain):
    assert as_cleo.get(workspace_url(juniper, "mail:domain_reports", domain.id)).status_code == 404
