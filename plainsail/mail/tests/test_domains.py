"""What the DNS says about a sending domain, asked from a real name server, and what a broadcast waits for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.accounts.models import AuditEntry, Membership, Role
from plainsail.kernel import environment
from plainsail.kernel.lookups import Names
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.nameserver import SERVFAIL, SILENT, serving
from plainsail.mail.models import GateOverride, SendingDomain
from plainsail.mail.services import checks, domain_checks, domain_words, domains, gate, spf, verification
from plainsail.mail.tests.factories import BroadcastFactory, subscriber

pytestmark = pytest.mark.django_db

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
D, R = "juniper.example", "bounces.juniper.example"


@pytest.fixture
def leaving(monkeypatch):
    """An installation whose mail leaves through a provider, and whose bounces come back."""
    for name, value in {
        "SMTP_URL": "smtps://u:p@smtp.provider.example",
        "BOUNCE_DOMAIN": "bounces.plainsail.example",
        "SENDING_CHECKS": "on",
    }.items():
        monkeypatch.setenv(name, value)
    environment.current.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    environment.current.cache_clear()


@pytest.fixture
def domain(juniper, leaving):
    with workspace(juniper):
        made = domains.add(D, at=AT)
        return domains.change(made, signing="here", server_selector="", return_label="bounces")


def zone_of(juniper, domain):
    """All as it should be."""
    with workspace(juniper):
        keys = {(key.host, "TXT"): [key.record] for key in domain.keys.select_related("domain")}
    return keys | {
        (R, "TXT"): ["v=spf1 include:provider.example ~all"],
        ("provider.example", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
        (f"_dmarc.{D}", "TXT"): [f"v=DMARC1; p=none; np=reject; rua=mailto:dmarc@{D}"],
        (R, "MX"): ["10 bounces.plainsail.example"],
        (D, "MX"): ["10 mx.provider.example"],
    }


def looked(juniper, domain, zone, **options):
    with serving(zone) as (server, _asked):
        findings = verification.look(juniper.id, domain.id, at=AT, names=Names(server, patience=0.6), **options)
    return {one["key"]: one["code"] for one in findings}


GREEN = {
    "spf": "spf_good",
    "dkim": "dkim_good",
    "dmarc": "dmarc_good",
    "return_path": "return_path_good",
    "mx": "mx_good",
    "ptr": "ptr_of_provider",
}


def test_a_domain_that_is_set_up_is_green_and_its_keys_begin_to_sign(juniper, domain):
    assert looked(juniper, domain, zone_of(juniper, domain)) == GREEN
    with workspace(juniper):
        found = SendingDomain.objects.get()
        assert (found.checked_at, found.return_path_works) == (AT, True)
        assert len(domains.keys_that_sign(found)) == 2


@pytest.mark.parametrize(
    ("key", "records", "code"),
    [
        ((R, "TXT"), None, "spf_missing"),
        ((R, "TXT"), ["v=spf1 ~all", "v=spf1 -all"], "spf_several"),
        ((R, "TXT"), ["v=spf1 +all"], "spf_allows_all"),
        ((R, "TXT"), ["v=spf1 -all"], "spf_allows_nobody"),
        ((R, "TXT"), ["v=spf1 -ip4:192.0.2.0/24 ~all"], "spf_allows_nobody"),
        ((R, "TXT"), ["v=spf1 -all include:provider.example"], "spf_allows_nobody"),
        ((R, "TXT"), ["v=spf1 nonsense:x ~all"], "spf_syntax"),
        ((R, "TXT"), [f"v=spf1 include:{R} ~all"], "spf_loop"),
        ((R, "TXT"), ["v=spf1 include:nowhere.example ~all"], "spf_include_missing"),
        ((R, "TXT"), ["v=spf1 " + " ".join(f"exists:a{n}.example" for n in range(11)) + " ~all"], "spf_too_many"),
        ((R, "TXT"), ["v=spf1 a:a.example a:b.example a:c.example ~all"], "spf_too_many"),
        ((R, "TXT"), SERVFAIL, "dns_servfail"),
        ((R, "TXT"), SILENT, "dns_timeout"),
        ((f"_dmarc.{D}", "TXT"), None, "dmarc_missing"),
        ((f"_dmarc.{D}", "TXT"), ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "dmarc_several"),
        ((f"_dmarc.{D}", "TXT"), ["v=DMARC1; p=sometimes; rua=mailto:x@example.com"], "dmarc_broken"),
        ((f"_dmarc.{D}", "TXT"), ["v=DMARC1; p=reject"], "dmarc_no_reports"),
        ((R, "MX"), None, "return_path_missing"),
        ((R, "MX"), ["10 mx.elsewhere.example"], "return_path_elsewhere"),
        ((D, "MX"), None, "mx_missing"),
        ((D, "MX"), ["0 "], "mx_null"),
    ],
)
def test_what_is_wrong_is_said(juniper, domain, key, records, code):
    zone = zone_of(juniper, domain)
    zone.pop(key)
    if records:
        zone[key] = records
    row = code.split("_")[0] if not code.startswith("dns") else "spf"
    row = "return_path" if row == "return" else row
    assert looked(juniper, domain, zone) == GREEN | {row: code}
    with workspace(juniper):
        shown = next(each for each in domain_words.rows(SendingDomain.objects.get().findings) if each.key == row)
    assert "%(" not in shown.text
    assert len(shown.text) > 30


def test_another_key_is_told_from_the_right_one(juniper, domain):
    zone = zone_of(juniper, domain)
    rsa = next(key for key in zone if "_domainkey" in key[0] and "k=rsa" in zone[key][0])
    zone[rsa] = [zone[rsa][0][:-8] + "AAAAIDAB"]
    assert looked(juniper, domain, zone)["dkim"] == "dkim_other_key"


@pytest.mark.parametrize(
    ("was", "is_now"), [("k=rsa", "k=ed25519"), ("k=rsa", "k=rsa; h=sha1"), ("k=rsa", "k=rsa; s=tlsrpt")]
)
def test_a_key_that_servers_make_nothing_of_is_not_the_right_one_and_signs_nothing(juniper, domain, was, is_now):
    zone = zone_of(juniper, domain)
    rsa = next(key for key in zone if "_domainkey" in key[0] and was in zone[key][0])
    zone[rsa] = [zone[rsa][0].replace(was, is_now)]
    assert looked(juniper, domain, zone)["dkim"] == "dkim_other_key"
    with workspace(juniper):
        assert "rsa" not in {key.algorithm for key in domains.keys_that_sign(domain)}


@pytest.mark.parametrize(
    ("selector", "records", "code"),
    [
        ("", [], "dkim_no_selector"),
        ("s1", [], "dkim_missing"),
        ("s1", ["v=DKIM1; p="], "dkim_revoked"),
        ("s1", ["v=DKIM1; k=rsa; p=AAAA"], "dkim_broken"),
    ],
)
def test_the_mail_servers_own_key_is_looked_up(juniper, domain, selector, records, code):
    with workspace(juniper):
        domains.change(domain, signing="server", server_selector=selector, return_label="bounces")
    zone = zone_of(juniper, domain) | ({(f"s1._domainkey.{D}", "TXT"): records} if records else {})
    assert looked(juniper, domain, zone)["dkim"] == code


def test_a_policy_of_a_name_above_covers_those_below(juniper, leaving):
    with workspace(juniper):
        below = domains.add(f"news.{D}", at=AT)
    zone = {(f"_dmarc.{D}", "TXT"): ["v=DMARC1; p=reject; rua=mailto:x@example.com"]}
    assert looked(juniper, below, zone)["dmarc"] == "dmarc_above"


def test_long_names_are_walked_in_eight_steps():
    name = "a.b.c.d.e.f.g.h.i.example"
    assert list(domain_checks.walked(name)) == [name, *[name.split(".", n)[n] for n in range(3, 10)]]


def test_a_name_server_that_rests_changes_nothing_about_what_was_good(juniper, domain):
    zone = zone_of(juniper, domain)
    looked(juniper, domain, zone)
    assert looked(juniper, domain, zone | {(R, "TXT"): SILENT}) == GREEN


def test_parts_of_spf_that_are_made_anew_for_each_message_cost_a_question_and_blame_nobody():
    zone = {
        ("a.example", "TXT"): ["v=spf1 include:%{ir}.%{v}._spf.b.example exists:%{i}._allowed.b.example mx:%{d} -all"],
    }
    with serving(zone) as (server, asked):
        policy = spf.read("a.example", Names(server))
    assert (policy.fault, policy.lookups, policy.has_macros, policy.ends) == ("", 3, True, "-all")
    assert not policy.allows("192.0.2.7")
    assert not any("%" in str(question) for question in asked)


def test_spf_allows_whom_it_names():
    zone = {
        ("a.example", "TXT"): ["v=spf1 a mx:b.example/24 ip6:2001:db8::/32 redirect=c.example"],
        ("a.example", "A"): ["192.0.2.1"],
        ("b.example", "MX"): ["5 mx.b.example"],
        ("mx.b.example", "A"): ["198.51.100.7"],
        ("c.example", "TXT"): ["v=spf1 ip4:203.0.113.9 -all"],
    }
    with serving(zone) as (server, _asked):
        policy = spf.read("a.example", Names(server))
    allowed = ["192.0.2.1", "198.51.100.200", "2001:db8::7", "203.0.113.9"]
    assert [policy.allows(each) for each in [*allowed, "192.0.2.2", "2001:db9::1"]] == [True] * 4 + [False] * 2
    assert (policy.lookups, policy.fault) == (3, "")


# --- the gate ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def broadcast(juniper):
    juniper.postal_address = "Kiln Lane 1"
    juniper.save()
    with workspace(juniper):
        made = BroadcastFactory()
        subscriber(made.list)
        return made


def blocking(broadcast):
    return [str(each.title) for each in checks.review(broadcast, at=AT) if each.is_blocking]


def test_a_broadcast_waits_for_its_domain(juniper, broadcast, domain):
    with workspace(juniper):
        assert blocking(broadcast) == ["The sending domain is not ready"]
    looked(juniper, domain, zone_of(juniper, domain))
    with workspace(juniper):
        assert blocking(broadcast) == []


@pytest.mark.parametrize(("address", "code"), [("a@gmail.com", "free_mail"), ("a@other.example", "not_set_up")])
def test_a_domain_that_was_never_set_up_holds_it_back(juniper, broadcast, leaving, address, code):
    with workspace(juniper):
        broadcast.sender.address = address
        assert [fault["code"] for fault in gate.faults(broadcast.sender)] == [code]


def test_mail_that_stays_here_needs_no_gate(juniper, broadcast):
    with workspace(juniper):
        found = checks.review(broadcast, at=AT)
    assert not any(each.is_blocking for each in found)
    assert "Nothing leaves this machine" in [str(each.title) for each in found]


def test_an_owner_may_let_one_through_in_writing(juniper, broadcast, domain, as_ada, ada):
    url = f"/w/juniper/emails/{broadcast.id}/override/"
    assert as_ada.post(url, {"words": "short"}).status_code == 422
    words = "Our provider signs; the record follows on Monday."
    assert as_ada.post(url, {"words": words}).status_code == 302
    assert as_ada.post(url, {"words": words}).status_code == 409
    with workspace(juniper):
        assert blocking(broadcast) == []
        entry = AuditEntry.objects.get(action=gate.PASSED)
        assert (entry.person, entry.details["words"]) == (ada, words)
        assert GateOverride.objects.get().findings[0]["code"] == "not_looked_at"
        juniper.postal_address = ""
        juniper.save()
        assert blocking(broadcast) == ["Your postal address is missing"]


def test_nobody_but_an_owner_may(juniper, broadcast, domain, as_ben, ben):
    Membership.objects.filter(user=ben).update(role=Role.ADMIN)
    assert as_ben.post(f"/w/juniper/emails/{broadcast.id}/override/", {"words": "x" * 40}).status_code == 403


# --- the screens ------------------------------------------------------------------------------------------------------


def test_the_wizard_shows_what_to_add_and_looks_again(juniper, domain, as_ada, leaving):
    page = as_ada.get(f"/w/juniper/settings/sending-domains/{domain.id}/").content.decode()
    with workspace(juniper):
        key = domain.keys.get(algorithm="rsa")
    for wanted in (
        key.host,
        key.record,
        "v=spf1 a:smtp.provider.example ~all",
        f"_dmarc.{D}",
        "bounces.plainsail.example",
    ):
        assert wanted in page
    with serving(zone_of(juniper, domain)) as (server, _asked):
        leaving.setenv("DNS_SERVER", server)
        environment.current.cache_clear()
        assert as_ada.get(f"/w/juniper/settings/sending-domains/{domain.id}/look/").status_code == 405
        assert as_ada.post(f"/w/juniper/settings/sending-domains/{domain.id}/look/").status_code == 302
    page = as_ada.get(f"/w/juniper/settings/sending-domains/{domain.id}/").content.decode()
    assert "Mail that can’t be delivered comes back to bounces.plainsail.example." in page


def test_domains_are_added_changed_and_removed(juniper, as_ada):
    assert as_ada.post("/w/juniper/settings/sending-domains/new/", {"domain": "gmail.com"}).status_code == 422
    assert as_ada.post("/w/juniper/settings/sending-domains/new/", {"domain": "kiln.example"}).status_code == 302
    with workspace(juniper):
        made = SendingDomain.objects.get()
    url = f"/w/juniper/settings/sending-domains/{made.id}/"
    change = {"signing": "server", "server_selector": "s1", "return_label": "back"}
    assert as_ada.post(url, change).status_code == 302
    assert as_ada.post(url, change | {"return_label": "no dots.allowed"}).status_code == 422
    assert as_ada.post(f"{url}keys/").status_code == 302
    with workspace(juniper):
        made.refresh_from_db()
        assert (made.server_selector, made.return_domain, made.keys.count()) == ("s1", "back.kiln.example", 4)
    assert as_ada.post(f"{url}removal/").status_code == 302
    with workspace(juniper):
        assert not SendingDomain.objects.exists()


def test_every_day_each_domain_is_looked_at(juniper, domain, monkeypatch):
    seen = []
    monkeypatch.setattr(verification.look_later, "once", lambda key, **arguments: seen.append(arguments["domain_id"]))
    verification.look_at_all()
    assert seen == [domain.id]


def test_the_age_of_a_look_is_shown(juniper, domain, as_ada):
    looked(juniper, domain, zone_of(juniper, domain))
    with workspace(juniper):
        SendingDomain.objects.update(checked_at=AT - timedelta(days=3))
    assert "2026-05-29T14:00" in as_ada.get(f"/w/juniper/settings/sending-domains/{domain.id}/").content.decode()
