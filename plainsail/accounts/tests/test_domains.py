"""A business's own domains: shown to be its own by a real name server's answers, never taken from somebody else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plainsail.accounts.models import AuditEntry, Domain, Host
from plainsail.accounts.services import domain_words, domains, hosts
from plainsail.kernel import environment
from plainsail.kernel.lookups import Names
from plainsail.kernel.models import EventRow, Workspace
from plainsail.kernel.testing.nameserver import SERVFAIL, serving

pytestmark = pytest.mark.django_db

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
NAME, SITE = "www.juniper.example", "juniper.localhost"


@pytest.fixture
def domain(juniper, in_workspace):
    with in_workspace(juniper):
        return domains.add(juniper, name=NAME, by=None, at=AT)


def txt(domain):
    return {(f"_plainsail.{domain.name}", "TXT"): [domains.txt_of(domain)]}


def looked(domain, zone):
    with serving(zone) as (server, _asked):
        return domains.look(domain.workspace_id, domain.id, at=AT, names=Names(server, patience=0.5))


def tones(domain):
    return {
        finding["what"]: (finding["tone"], finding["code"]) for finding in domain.findings if finding["what"] != "here"
    }


def test_the_word_in_a_txt_record_shows_whose_it_is_and_the_site_answers(domain, juniper):
    found = looked(domain, txt(domain) | {(NAME, "A"): ["127.0.0.1"], (SITE, "A"): ["127.0.0.1"]})

    assert found.is_verified
    assert tones(found) == {"own": ("good", "txt"), "way": ("good", "address")}
    host = Host.objects.get(host=NAME)
    assert (host.kind, host.workspace_id, host.is_live) == ("custom", juniper.id, True)


def test_a_cname_to_the_businesss_address_shows_it_too(domain):
    found = looked(domain, {(NAME, "CNAME"): [SITE]})

    assert found.is_verified
    assert tones(found) == {"own": ("good", "cname"), "way": ("good", "cname")}


@pytest.mark.parametrize(
    ("zone", "own", "way"),
    [
        ({}, ("bad", "txt_missing"), ("bad", "nxdomain")),
        ({(f"_plainsail.{NAME}", "TXT"): ["plainsail=of-somebody-else"]}, ("bad", "txt_other"), ("bad", "nowhere")),
        (
            {(f"_plainsail.{NAME}", "TXT"): SERVFAIL, (NAME, "A"): ["192.168.1.1"]},
            ("warn", "dns_servfail"),
            ("bad", "private"),
        ),
        ({(NAME, "A"): ["93.184.216.34"]}, ("bad", "txt_missing"), ("warn", "elsewhere")),
        ({(NAME, "CNAME"): ["other.localhost"]}, ("bad", "txt_missing"), ("bad", "nowhere")),
    ],
)
def test_without_it_nothing_answers_and_it_says_why(domain, zone, own, way):
    found = looked(domain, zone)

    assert not found.is_verified
    assert tones(found) == {"own": own, "way": way}
    assert not Host.objects.filter(host=NAME).exists()
    assert all(str(domain_words.said(found, finding).text) for finding in found.findings if finding["what"] != "here")


def test_a_name_that_was_verified_stays_while_its_servers_rest(domain):
    looked(domain, txt(domain))

    found = looked(domain, {})

    assert found.is_verified
    assert Host.objects.filter(host=NAME, is_live=True).exists()


def test_nobody_takes_a_name_that_another_business_has(domain, acme, in_workspace):
    looked(domain, txt(domain))
    with in_workspace(acme):
        theirs = domains.add(acme, name=NAME, by=None, at=AT)

    with pytest.raises(domains.DomainElsewhere):
        looked(theirs, txt(theirs))

    assert Host.objects.get(host=NAME).workspace_id == domain.workspace_id


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("https://WWW.Juniper.example/shop?x", "www.juniper.example"),
        ("shop.example.com.", "shop.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
    ],
)
def test_a_name_is_tidied(given, name):
    assert domains.normalise(given) == name


@pytest.mark.parametrize(
    "given",
    [
        "",
        "localhost",
        "acme.localhost",
        "127.0.0.1",
        "a b.example",
        "-x.example",
        "x",
        "_a.example.com",
        "a" * 300,
        "*.example.com",
        "a..b",
    ],
)
def test_what_is_no_name_for_a_site_is_refused(given, db):
    with pytest.raises(domains.NoDomain):
        domains.normalise(given)


def test_the_first_name_is_written_in_links_and_the_others_lead_to_it(domain, juniper, in_workspace):
    looked(domain, {(NAME, "CNAME"): [SITE]})
    with in_workspace(juniper):
        found = Domain.objects.select_related("workspace").get()
        domains.make_first(found, by=None, at=AT)
        business = Workspace.objects.get(id=juniper.id)
        assert hosts.public_url(business, "/a") == f"http://{NAME}{environment.current().public_port_suffix}/a"
        assert dict(Host.objects.filter(workspace=juniper).values_list("host", "leads_to")) == {NAME: "", SITE: NAME}
        assert EventRow.objects.filter(name="accounts.public_host_changed").exists()

        domains.make_none_first(business, by=None, at=AT)
        assert set(Host.objects.filter(workspace=juniper).values_list("leads_to", flat=True)) == {""}


def test_a_name_that_does_not_lead_here_can_not_be_the_first(domain, juniper, in_workspace):
    looked(domain, txt(domain))
    with in_workspace(juniper):
        found = Domain.objects.select_related("workspace").get()
        with pytest.raises(domains.NotVerified):
            domains.make_first(found, by=None, at=AT)


def test_removing_the_first_name_leaves_nothing_that_leads_to_it(domain, juniper, in_workspace):
    looked(domain, {(NAME, "CNAME"): [SITE]})
    with in_workspace(juniper):
        found = Domain.objects.select_related("workspace").get()
        domains.make_first(found, by=None, at=AT)
        domains.remove(found, by=None, at=AT)

        assert dict(Host.objects.filter(workspace=juniper).values_list("host", "leads_to")) == {SITE: ""}
        assert Workspace.objects.get(id=juniper.id).public_host == ""
        assert (
            list(AuditEntry.objects.order_by("at", "id").values_list("action", flat=True))[-1]
            == "accounts.domain_removed"
        )


def test_a_bare_domain_is_given_the_servers_addresses_to_copy(juniper, in_workspace):
    with in_workspace(juniper):
        bare = domains.add(juniper, name="juniper.example", by=None, at=AT)
    found = looked(bare, {(SITE, "A"): ["93.184.216.34"], (SITE, "AAAA"): ["2606:2800:220:1:248:1893:25c8:1946"]})

    assert [(record.kind, record.value) for record in domains.records(found)][2:] == [
        ("A", "93.184.216.34"),
        ("AAAA", "2606:2800:220:1:248:1893:25c8:1946"),
    ]


def test_from_the_screens(as_ada, as_ben, juniper, in_workspace, monkeypatch):
    here = "/w/juniper/settings/domains/"
    assert as_ada.post(here, {"name": "nonsense"}).status_code == 422
    answer = as_ada.post(here, {"name": NAME})
    shown = as_ada.get(answer["Location"]).content.decode()
    with in_workspace(juniper):
        domain = Domain.objects.get()
    assert domains.txt_of(domain) in shown
    assert as_ada.post(here, {"name": NAME}).status_code == 422
    assert as_ben.get(here).status_code == 403

    with serving({(NAME, "CNAME"): [SITE]}) as (server, _asked):
        monkeypatch.setenv("PLAINSAIL_DNS_SERVER", server)
        monkeypatch.setattr("plainsail.kernel.lookups.names", lambda: Names(server, patience=0.5))
        as_ada.post(f"{here}{domain.id}/look/")
    as_ada.post(f"{here}{domain.id}/first/")
    assert "Your site’s first name" in as_ada.get(f"{here}{domain.id}/").content.decode()
    assert as_ada.get(here).status_code == 200
    assert as_ada.post(f"{here}first/").status_code == 302
    assert as_ada.post(f"{here}{domain.id}/removal/").status_code == 302


def test_a_name_beyond_ascii_is_shown_in_its_letters_and_its_records_as_the_dns_has_them(as_ada, juniper, in_workspace):
    with in_workspace(juniper):
        made = domains.add(juniper, name="bücher.example", by=None, at=AT)

    listed = as_ada.get("/w/juniper/settings/domains/").content.decode()
    html = as_ada.get(f"/w/juniper/settings/domains/{made.id}/").content.decode()

    assert ">bücher.example</a>" in listed
    assert "<title>bücher.example" in html
    assert "_plainsail.xn--bcher-kva.example" in html
    assert "what stands below as _plainsail.xn--bcher-kva.example is _plainsail.bücher.example" in html
