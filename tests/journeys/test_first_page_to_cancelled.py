"""One business, from its first page to paid to cancelled, in a real browser, over edge, web, worker, SMTP and PostgreSQL."""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

OWNER, VISITOR, PASSWORD = "anke@example.com", "maren@example.com", "a long enough password"
CARD = {"Card number": "4242 4242 4242 4242", "Good until": "04/34", "Security code": "123"}
SLOW = 30_000


class Mailbox:
    """What the local catcher holds, as the mail programs of all recipients together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def messages(self, to: str) -> list[EmailMessage]:
        paths = sorted(
            # What is still being written lies in `tmp` and is gone the next moment.
            (path for path in self.folder.rglob("*") if path.is_file() and path.parent.name != "tmp"),
            key=lambda path: path.stat().st_mtime,
        )
        found = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
        return [message for message in found if to in str(message["To"])]

    def wait(self, to: str, words: str, *, within: float = 60) -> EmailMessage:
        """The newest message to somebody whose subject has these words."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for message in reversed(self.messages(to)):
                if words in str(message["Subject"]):
                    return message
            time.sleep(0.3)
        subjects = [str(message["Subject"]) for message in self.messages(to)]
        raise AssertionError(f"no mail {words!r} to {to}; there are {subjects}")


def link_in(message: EmailMessage, part: str) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    found = re.search(rf"https?://\S*{re.escape(part)}\S*", body.get_content())
    assert found, body.get_content()
    return found.group().rstrip(">).,")


def eventually(page, is_true: Callable[[], bool], *, within: float = 40) -> None:
    """Look again until it holds: the worker needs a moment."""
    deadline = time.monotonic() + within
    while not is_true():
        assert time.monotonic() < deadline, page.inner_text("main")[:3000]
        time.sleep(0.5)
        page.reload()


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def give_postal_address(page, office: str) -> None:
    """What has to stand under each marketing mail."""
    page.goto(f"{office}/settings/business/")
    page.get_by_label("Postal address").fill("Mill Lane 4\n25980 Westerland")
    page.locator("form:has([name=postal_address])").get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").first.wait_for()


@pytest.fixture
def visitor(browser):
    # A headless browser says what it is, and programs are not counted as people.
    context = browser.new_context(
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
    )
    yield context.new_page()
    context.close()


def test_from_the_first_page_to_paid_to_cancelled(installation, page, visitor):
    app = f"http://localhost:{installation.port}"
    mailbox = Mailbox(installation.data_dir / "mailbox")
    page.set_default_timeout(SLOW)
    visitor.set_default_timeout(SLOW)

    # The owner signs up and names the business.
    page.goto(f"{app}/accounts/signup/")
    page.get_by_label("Your name").fill("Anke Brandt")
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Create account")
    page.locator("main input[name=name]").fill("Kiln Club")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(f"{app}/w/kiln-club/")
    office, site = f"{app}/w/kiln-club", f"http://kiln-club.localhost:{installation.port}"

    # A page from a template, its headline changed in the editor, published.
    page.goto(f"{office}/pages/new/")
    page.locator("form:has(input[value=opt-in]) button").click()
    page.wait_for_url(re.compile(r"/pages/[0-9a-f-]+/"))
    page.get_by_label("Headline").fill("Your first bowl, for nothing")
    page.get_by_label("Headline").blur()
    page.locator("#saving[data-state=saved]").wait_for()
    press(page, "Publish")
    page.locator("#published[open]").wait_for()
    page.goto(f"{office}/pages/")
    address = page.evaluate(
        "host => [...document.querySelectorAll('main a')].map(a => a.href).find(href => href.startsWith(host))", site
    )

    # The welcome automation goes live.
    give_postal_address(page, office)
    page.goto(f"{office}/automations/new/")
    page.locator("form:has(input[value='mail.welcome']) button").click()
    page.wait_for_url(re.compile(r"/automations/[0-9a-f-]+/"))
    page.get_by_role("button", name="Publish", exact=True).first.click()
    page.get_by_role("button", name="Published", exact=True).wait_for()

    # Two things to buy.
    for name, amount, paid in (("Full weekend", "175.00", "Once"), ("Studio club", "29.00", "Again and again")):
        page.goto(f"{office}/sales/products/new/")
        page.get_by_label("Name").fill(name)
        page.locator("[name=amount]").fill(amount)
        page.get_by_text(re.compile(f"^{paid}")).click()
        press(page, "Create product")
        page.wait_for_url(re.compile(r"/sales/products/[0-9a-f-]+/"))

    # A visitor opens the page, opts in, and confirms by a press.
    visitor.goto(address)
    assert visitor.locator("h1").inner_text() == "Your first bowl, for nothing"
    form = visitor.locator("form[action^='/f/']")
    form.locator("[name=email]").fill(VISITOR)
    if form.locator("[name=first_name]").count():
        form.locator("[name=first_name]").fill("Maren")
    visitor.wait_for_timeout(2500)  # nobody types that fast, and what programs send is held
    form.locator("button").click()
    visitor.wait_for_url(re.compile("/thanks/"))
    confirm = mailbox.wait(VISITOR, "onfirm")
    visitor.goto(link_in(confirm, "/confirm/"))
    visitor.locator("main form button").click()
    visitor.get_by_text("you are on the list").wait_for()

    # The welcome comes, and its link is followed.
    welcome = mailbox.wait(VISITOR, "Good to have you here")
    visitor.goto(link_in(welcome, "/c/"))

    # She buys once, then each month, and sees receipts.
    for slug, total in (("full-weekend", "€175.00"), ("studio-club", "€29.00")):
        visitor.goto(f"{site}/checkout/{slug}/")
        visitor.get_by_label("E-mail address").fill(VISITOR)
        visitor.get_by_label("Name", exact=True).fill("Maren Thiessen")
        for label, value in CARD.items():
            visitor.get_by_label(label).fill(value)
        visitor.locator("main form button[type=submit]").last.click()
        visitor.wait_for_url(re.compile("/receipt/"))
        assert total in visitor.inner_text("main")
    mailbox.wait(VISITOR, "Your receipt: €29.00")

    # The owner sees the person's story, the sales, and the day's numbers.
    page.goto(f"{office}/contacts/")
    page.get_by_role("link", name=re.compile("Maren")).first.click()
    page.wait_for_url(re.compile(r"/contacts/[0-9a-f-]+/"))
    wanted = ("Visited", "Asked to join", "Joined", "Followed a link", "Subscription began")
    eventually(page, lambda: all(words in page.inner_text("main") for words in wanted))
    page.goto(f"{office}/")
    assert "€204.00" in page.inner_text("main")

    # The test clock moves a month ahead: the renewal is charged.
    page.goto(f"{office}/settings/selling/test-mode/")
    page.locator("[name=by]").select_option("month")
    press(page, "Move the test clock ahead")
    page.goto(f"{office}/sales/subscriptions/")
    page.get_by_role("link", name="Maren Thiessen").click()
    eventually(page, lambda: page.get_by_text("€29.00", exact=True).count() >= 2)

    # She signs in to her account by a mailed link and cancels in two clicks.
    visitor.goto(f"{site}/account/")
    visitor.get_by_label("E-mail address").fill(VISITOR)
    press(visitor, "Send me the link")
    visitor.goto(link_in(mailbox.wait(VISITOR, "sign-in link"), "/account/"))
    visitor.locator("main form button").first.click()
    visitor.get_by_role("link", name="Cancel subscription").click()
    press(visitor, "Cancel subscription")
    visitor.wait_for_url(re.compile("/cancel/receipt/"))
    assert "None" in visitor.inner_text("main")
    mailbox.wait(VISITOR, "Cancelled: S-")

    # The owner refunds the weekend.
    page.goto(f"{office}/sales/")
    page.locator("tr", has_text="Full weekend").get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/orders/"))
    page.get_by_role("button", name="Refund", exact=True).or_(
        page.get_by_role("link", name="Refund", exact=True)
    ).first.click()
    page.locator("form[action$='/refunds/'] button[type=submit]").click()
    eventually(page, lambda: "Refunded" in page.inner_text("main"))

    # Settings → Billing: a plan with an add-on, cancelled on one page, receipt by page and mail, and taken back.
    page.goto(f"{office}/settings/billing/")
    page.get_by_label(re.compile("^Studio:")).check()
    page.get_by_label(re.compile("^Extra domain:")).check()
    page.locator("[name=number]").fill(CARD["Card number"])
    page.locator("[name=expiry]").fill(CARD["Good until"])
    page.locator("[name=cvc]").fill(CARD["Security code"])
    press(page, "Start the plan")
    page.get_by_text("Next charge").wait_for()
    assert "€34.00" in page.inner_text("main")
    page.get_by_role("link", name="Cancel subscription").click()
    words = page.inner_text("main")
    assert "Charges after this" in words
    assert "Nothing is deleted by cancelling" in words
    press(page, "Cancel subscription")
    page.get_by_text("Cancellation receipt").wait_for()
    mailbox.wait(OWNER, "Cancelled: S-")
    press(page, "Take it back")
    page.get_by_text("Your plan goes on as before").wait_for()
    mailbox.wait(OWNER, "Your contract goes on")
