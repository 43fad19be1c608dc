"""A real Chromium for tests: `browser`, one for all tests of a process, `page` for each test, `axe(page)` for its accessibility.

Takes the Chromium that CHROMIUM names, else the system's, else Playwright's own. Where there is none the test fails and
says how to get one: a browser test that is skipped proves nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

AXE = Path(__file__).resolve().parents[2] / "ui" / "tests" / "vendor" / "axe.min.js"
# What shows no window draws none either, and needs a fifth less of the processor.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
IS_DARK = "matchMedia('(prefers-color-scheme: dark)').matches"
# Colours that are still on their way to another scheme would be judged halfway.
SETTLED = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  for (let quiet = 0, tries = 0; quiet < 3 && tries < 120; tries += 1) {
    await frame();
    quiet = document.getAnimations().length ? 0 : quiet + 1;
  }
}"""
# One process tree, nothing phoned home, no sandbox where root runs the tests.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A page's scripts end before making them faster has paid off, those of axe above all.
    "--js-flags=--no-opt --no-maglev",
]


def chromium() -> str | None:
    """Path of the Chromium to use, or None for Playwright's own."""
    if named := os.environ.get("CHROMIUM", ""):
        return named
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Running:
    """The Chromium of this process, started when first asked for, and anew where it has died or can't be spoken to."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def browser(self) -> Browser:
        if self._browser is None or not self._answers(self._browser):
            self.close()
            self._browser = self._start()
        return self._browser

    def close(self) -> None:
        from playwright.sync_api import Error

        # What is gone already needs no closing.
        with suppress(Error):
            if self._browser is not None:
                self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()
        self._playwright = self._browser = None

    def _answers(self, browser: Browser) -> bool:
        from playwright.sync_api import Error

        try:
            browser.new_browser_cdp_session().detach()
        except Error:
            return False
        return True

    def _start(self) -> Browser:
        from playwright.sync_api import Error, sync_playwright

        # Playwright's loop runs in this thread; Django would take it for async code that must not touch the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        self._playwright = sync_playwright().start()
        try:
            return self._playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        except Error as error:
            pytest.fail(
                f"No Chromium could be started. Install it (apt install chromium, or playwright install chromium), "
                f"or name one in CHROMIUM. {error.message}"
            )


RUNNING = Running()


@pytest.fixture
def browser() -> Browser:
    """A running Chromium, one for all tests of this process."""
    return RUNNING.browser()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page with its own cookies. An error in a script, or anything the content policy blocks, fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce")
    opened = context.new_page()
    trouble: list[str] = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("console", lambda message: trouble.append(message.text) if _is_trouble(message) else None)
    yield opened
    context.close()
    assert trouble == []


def _is_trouble(message: Any) -> bool:
    return message.type == "error" and "Content Security Policy" in message.text


def axe(page: Page, *, within: str = "body", rule: str = "") -> list[str]:
    """What axe-core finds wrong with the page as it stands: one line a violation, with the first place it was seen.

    With a `rule` only that one is tried: another colour scheme, say, changes contrasts and nothing else.
    """
    page.evaluate(SETTLED)
    if not page.evaluate("typeof window.axe === 'object'"):
        # Not as a script tag, which the content policy would rightly refuse.
        page.evaluate(f"() => {{ {AXE.read_text()} }}")
    found = page.evaluate(
        "([within, runOnly]) => axe.run(within, {runOnly, resultTypes: ['violations']})",
        [within, {"type": "rule", "values": [rule]} if rule else {"type": "tag", "values": RULES}],
    )
    return [
        f"{violation['id']}: {violation['help']} ({len(violation['nodes'])}x, {violation['nodes'][0]['html'][:160]})"
        for violation in found["violations"]
    ]


def schemes(page: Page) -> Iterator[tuple[str, str]]:
    """Show the page as it stands in either colour scheme, and say which, with the rule for `axe` to try.

    It begins with the scheme that the page is shown in, by every rule; the other changes contrasts and nothing else.
    """
    names = ["dark", "light"] if page.evaluate(IS_DARK) else ["light", "dark"]
    for name, rule in zip(names, ("", "color-contrast"), strict=True):
        if rule:
            page.emulate_media(color_scheme=name, reduced_motion="reduce")  # type: ignore[arg-type]  # a literal
        yield name, rule


def faults(page: Page, *, shot: str = "") -> dict[str, list[str]]:
    """What is wrong with the page as it stands, by colour scheme: what axe finds, and pixels by which it is too wide.

    Where SHOTS names a folder, a picture of it in each scheme is left there under the name `shot`.
    """
    found = {}
    for scheme, rule in schemes(page):
        over = overflow(page)
        if trouble := axe(page, rule=rule) + ([f"{over} px too wide"] if over else []):
            found[scheme] = trouble
        if shot and (folder := os.environ.get("SHOTS")):
            page.screenshot(path=f"{folder}/{shot}-{scheme}.png", full_page=True)
    return found


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window; 0 means that nothing scrolls sideways."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width
