"""Published pages through the edge, each visit recorded, against nginx serving the same bytes from files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import decompress
from pathlib import Path

from benchmarks.harness import (
    QUICK,
    Installation,
    Process,
    Result,
    compressed,
    installation,
    interleaved,
    median,
    median_ratio,
    needs_tools,
    page_html,
    wrk,
)

HOST = "juniper.localhost"
WORKERS = 2
GOAL = "≥ 0.7x nginx"
# To warm up it goes through all pages in turn, so that none of them is met for the first time later.
RANDOM_PAGE = """
local number = 0
init = function(arguments) math.randomseed(os.time()) end
request = function()
  number = number + 1
  local page = os.getenv("WARM") and number % PAGES or math.random(0, PAGES - 1)
  wrk.headers["Host"] = "site" .. math.floor(page / 10) .. ".localhost"
  wrk.headers["Accept-Encoding"] = "gzip"
  return wrk.format("GET", "/page" .. page % 10)
end
"""


def page() -> Result:
    """A page of 20 KB, gzip, 64 connections."""
    with _site() as (here, edge, nginx):
        rounds = _measure(here, edge, nginx, {"Host": HOST, "Accept-Encoding": "gzip"}, {})
    return _result(rounds, "published page of 20 KB, gzip, visits recorded, 64 connections, 2 workers each")


def page_304() -> Result:
    """The same page when the browser has it already."""
    with _site() as (here, edge, nginx):
        etags = [each.ask("/", Host=HOST, Accept_Encoding="gzip")[1]["etag"] for each in (edge, nginx)]
        shared = {"Host": HOST, "Accept-Encoding": "gzip"}
        rounds = _measure(here, edge, nginx, shared | {"If-None-Match": etags[0]}, {"If-None-Match": etags[1]})
    return _result(rounds, "304 for the same page, visits recorded, 64 connections, 2 workers each")


def pages_10k() -> Result:
    """10,000 pages of 1,000 hosts at random: what a cache of 64 MB a worker does when it is nearly full.

    In a quick run it is a quarter of everything: pages, hosts, cache.
    """
    needs_tools("nginx", "wrk")
    hosts, cache = (250, 16) if QUICK else (1000, 64)
    texts = [page_html(seed) for seed in range(100)]
    sites = {
        f"site{host}.localhost": {f"/page{number}": texts[(host * 10 + number) % 100] for number in range(10)}
        for host in range(hosts)
    }
    with installation() as here:
        here.publish(sites)
        _write_files(here.folder / "pub", sites)
        script = here.folder / "random.lua"
        script.write_text(RANDOM_PAGE.replace("PAGES", str(hosts * 10)))
        nginx_root = here.folder / "pub"
        edge_server = here.edge(workers=WORKERS, PLAINSAIL_EDGE_CACHE_MB=str(cache))
        with edge_server as edge, here.nginx(nginx_root, workers=WORKERS) as nginx:
            _warm(edge, script, pages=hosts * 10)
            rounds = interleaved(
                {
                    "edge": lambda: wrk(edge, script=script, threads=1).per_second,
                    "nginx": lambda: wrk(nginx, script=script, threads=1).per_second,
                }
            )
    return _result(
        rounds,
        f"{hosts * 10:,} pages of {hosts:,} hosts at random, gzip, {cache} MB of cache a worker, visits recorded",
    )


def _warm(edge: Process, script: Path, *, pages: int) -> None:
    """Go through all pages in turn, ten times over: by then each worker has met nearly every one of them."""
    os.environ["WARM"] = "1"
    asked = 0
    while asked < 10 * pages:
        asked += wrk(edge, script=script, threads=1, seconds=2).requests
    del os.environ["WARM"]


@contextmanager
def _site() -> Iterator[tuple[Installation, Process, Process]]:
    """One published page, the edge before it and nginx beside it."""
    needs_tools("nginx", "wrk")
    with installation() as here:
        html = page_html()
        here.publish({HOST: {"/": html}})
        _write_files(here.folder / "pub", {HOST: {"": html}})
        with here.edge(workers=WORKERS) as edge, here.nginx(here.folder / "pub", workers=WORKERS) as nginx:
            bodies = [each.ask("/", Host=HOST, Accept_Encoding="gzip")[2] for each in (edge, nginx)]
            if len({decompress(body) for body in bodies}) != 1:
                raise RuntimeError("the two servers do not serve the same page")
            yield here, edge, nginx


def _measure(
    here: Installation, edge: Process, nginx: Process, headers: dict[str, str], other: dict[str, str]
) -> list[dict[str, float]]:
    answered = 0

    def of_edge() -> float:
        nonlocal answered
        found = wrk(edge, headers=headers)
        answered += found.requests
        return found.per_second

    rounds = interleaved({"edge": of_edge, "nginx": lambda: wrk(nginx, headers=headers | other).per_second})
    edge.stop()  # writes what waits
    recorded = here.count("tracking_viewbundle, regexp_split_to_table(lines, '\\n') AS line WHERE line <> ''")
    print(f"   {answered} answers, {recorded} visits recorded", flush=True)
    if recorded < answered:
        raise RuntimeError("some visits were not recorded")
    return rounds


def _write_files(root: Path, sites: dict[str, dict[str, str]]) -> None:
    for host, pages in sites.items():
        for path, html in pages.items():
            folder = root / host / path.strip("/")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "index.html").write_text(html)
            (folder / "index.html.gz").write_bytes(compressed(html)[0])


def _result(rounds: list[dict[str, float]], what: str) -> Result:
    return Result(
        value=median(rounds, "edge"),
        unit="requests/s",
        baseline=median(rounds, "nginx"),
        ratio=median_ratio(rounds, "edge", "nginx"),
        goal=GOAL,
        what=what,
        rounds=rounds,
    )
