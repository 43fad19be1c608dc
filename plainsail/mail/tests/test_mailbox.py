"""The mailbox shows what was caught: to its readers only, and without running anything of it."""

from __future__ import annotations

import mailbox

import pytest

from plainsail.kernel import environment
from plainsail.mail.services import catcher

pytestmark = pytest.mark.django_db


@pytest.fixture
def caught(monkeypatch, tmp_path):
    """The catcher's Maildir, and a way to put messages in, envelope first, as the catcher does."""
    monkeypatch.setenv("PLAINSAIL_DATA", str(tmp_path))
    environment.current.cache_clear()
    maildir = mailbox.Maildir(environment.current().mailbox_dir, create=True)

    def catch(to="ada@example.com", subject="Hello", body="Words", more=""):
        head = f"X-Envelope-From: a@example.com\r\nX-Envelope-To: {to}\r\nFrom: Juniper <a@example.com>\r\n"
        head += f"To: {to}\r\nSubject: {subject}\r\n"
        return maildir.add(f"{head}{more}\r\n{body}\r\n".encode())

    yield catch
    monkeypatch.undo()
    environment.current.cache_clear()


def test_everybody_sees_their_own_and_the_operator_sees_all(as_ada, as_cleo, cleo, caught):
    caught(to="ada@example.com", subject="For Ada")
    caught(to="cleo@example.com", subject="For Cleo")
    seen = as_ada.get("/mailbox/").content.decode()
    assert ("For Ada" in seen, "For Cleo" in seen) == (True, False)
    cleo.is_operator = True
    cleo.save()
    seen = as_cleo.get("/mailbox/").content.decode()
    assert ("For Ada" in seen, "For Cleo" in seen) == (True, True)


def test_the_team_of_a_business_sees_what_it_sent(as_ben, as_cleo, juniper, caught):
    key = caught(to="reader@example.com", subject="News", more=f"X-Plainsail-Workspace: {juniper.id}\r\n")
    assert "News" in as_ben.get("/mailbox/").content.decode()
    assert as_ben.get(f"/mailbox/{key}/").status_code == 200
    assert "News" not in as_cleo.get("/mailbox/").content.decode()
    for name in ("", "html/", "raw/", "attachments/0/"):
        assert as_cleo.get(f"/mailbox/{key}/{name}").status_code == 404


def test_nobody_looks_without_signing_in(client, caught):
    caught()
    assert client.get("/mailbox/").status_code == 302


def test_without_the_catcher_there_is_no_mailbox(as_ada, caught, monkeypatch):
    monkeypatch.setenv("SMTP_URL", "smtp://mail.example.com")
    environment.current.cache_clear()
    assert as_ada.get("/mailbox/").status_code == 404


def test_html_stands_in_a_frame_that_runs_nothing(as_ada, caught):
    key = caught(body="<p>Hi</p><script>alert(1)</script>", more="Content-Type: text/html\r\n")
    page = as_ada.get(f"/mailbox/{key}/").content.decode()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "alert(1)" not in page
    framed = as_ada.get(f"/mailbox/{key}/html/")
    assert framed["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "default-src 'none'" in framed["Content-Security-Policy"]


def test_text_is_escaped_and_its_links_can_be_followed(as_ada, caught):
    key = caught(body="<b>Hi</b> https://juniper.example/confirm/x/")
    page = as_ada.get(f"/mailbox/{key}/?tab=text").content.decode()
    assert "&lt;b&gt;Hi&lt;/b&gt;" in page
    assert 'href="https://juniper.example/confirm/x/"' in page


def test_headers_are_shown_as_they_came(as_ada, caught):
    key = caught(more="X-Odd: <script>\r\n")
    page = as_ada.get(f"/mailbox/{key}/?tab=headers").content.decode()
    assert "X-Odd" in page
    assert "<script>" not in page.split("<main")[1]
    assert as_ada.get(f"/mailbox/{key}/raw/")["Content-Type"] == "text/plain; charset=utf-8"


def test_attachments_are_downloads_whatever_they_claim_to_be(as_ada, caught):
    more = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="x"\r\n'
    body = (
        "--x\r\nContent-Type: text/plain\r\n\r\nHi\r\n--x\r\nContent-Type: text/html\r\n"
        'Content-Disposition: attachment; filename="../evil\\".html"\r\n\r\n<script>1</script>\r\n--x--'
    )
    key = caught(body=body, more=more)
    answer = as_ada.get(f"/mailbox/{key}/attachments/0/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert "/" not in answer["Content-Disposition"].split("''")[1]
    assert as_ada.get(f"/mailbox/{key}/attachments/7/").status_code == 404


@pytest.mark.parametrize("key", ["..%2F..%2Fsecret_key", "nothing", "..", "a" * 400, "1;rm", "x\u00e4"])
def test_a_key_that_is_none_finds_nothing(as_ada, caught, key):
    caught()
    assert as_ada.get(f"/mailbox/{key}/").status_code == 404


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00garbage",
        b"Subject: =?utf-8?b?\xff?=\r\n\r\n",
        b"Content-Type: multipart/mixed\r\n\r\nno parts",
        b"Content-Type: text/html; charset=klingon\r\n\r\n<p>",
        b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--a--',
        b"From: " + b"x" * 200_000 + b"\r\n\r\n",
        b"Date: never\r\nTo: <<<>>>,,;;\r\nContent-Disposition: attachment; filename*=x'y\r\n\r\n",
    ],
)
def test_a_broken_message_is_shown_as_far_as_it_goes(as_ada, ada, caught, raw):
    ada.is_operator = True
    ada.save()
    folder = environment.current().mailbox_dir
    (folder / "new" / "1700000000.M1P1Q1.host").write_bytes(raw)
    assert as_ada.get("/mailbox/").status_code == 200
    for name in ("", "?tab=text", "?tab=headers", "html/", "raw/"):
        assert as_ada.get(f"/mailbox/1700000000.M1P1Q1.host/{name}").status_code == 200


def test_the_newest_come_first_and_words_find_them(caught):
    folder = environment.current().mailbox_dir
    for number in range(5):
        (folder / "new" / f"170000000{number}.M1P1Q1.host").write_bytes(f"Subject: Letter {number}\r\n\r\n".encode())
    everybody = catcher.Reader(frozenset(), frozenset(), sees_all=True)
    found, more = catcher.listed(folder, everybody, limit=2)
    assert ([one.subject for one in found], more) == (["Letter 4", "Letter 3"], True)
    rest, more = catcher.listed(folder, everybody, skip=2, limit=10)
    assert ([one.subject for one in rest], more) == (["Letter 2", "Letter 1", "Letter 0"], False)
    found, _more = catcher.listed(folder, everybody, words="letter 3")
    assert [one.subject for one in found] == ["Letter 3"]


def test_only_the_operator_empties_it(as_ada, ada, caught):
    caught()
    assert as_ada.post("/mailbox/clearing/").status_code == 403
    ada.is_operator = True
    ada.save()
    assert as_ada.post("/mailbox/clearing/").status_code == 302
    assert "No mail yet" in as_ada.get("/mailbox/").content.decode()
    assert as_ada.get("/mailbox/clearing/").status_code == 405


def test_a_mailbox_that_was_never_made_is_empty(as_ada, monkeypatch, tmp_path):
    monkeypatch.setenv("PLAINSAIL_DATA", str(tmp_path / "nothing"))
    environment.current.cache_clear()
    assert as_ada.get("/mailbox/?page=999999999999&q=%E2%80%AE").status_code == 200
    monkeypatch.undo()
    environment.current.cache_clear()
