"""The edge beside Django: how much faster a published page is than a view, and whether a busy Django slows it."""

from __future__ import annotations

import threading

from benchmarks.harness import Result, installation, interleaved, median, median_ratio, needs_tools, page_html, wrk

HOST = "juniper.localhost"
HEADERS = {"Host": HOST, "Accept-Encoding": "gzip"}


def page_vs_view() -> Result:
    """The same HTML, plain: from the edge with its visit recorded, and from a Django view under granian."""
    needs_tools("wrk")
    with installation() as here:
        html = page_html()
        here.publish({HOST: {"/": html}})
        (here.folder / "page.html").write_text(html)
        django = here.granian(
            "benchmarks.peers.wsgi:application",
            *("--interface", "wsgi", "--blocking-threads", "16", "--workers", "2"),
            probe="/bench/page",
            BENCH_PAGE=str(here.folder / "page.html"),
        )
        with here.edge(workers=2) as edge, django as view:
            rounds = interleaved(
                {
                    "edge": lambda: wrk(edge, headers={"Host": HOST}).per_second,
                    "view": lambda: wrk(view, path="/bench/page").per_second,
                }
            )
    return Result(
        value=median(rounds, "edge"),
        unit="requests/s",
        baseline=median(rounds, "view"),
        ratio=median_ratio(rounds, "edge", "view"),
        goal="≥ 10x the view",
        what="published page of 20 KB, plain, visits recorded, against a bare Django view with the project's middleware",
        rounds=rounds,
    )


def isolation() -> Result:
    """p99 of a published page while 8 requests at a time, 20 ms of computing each, go through the edge to Django."""
    needs_tools("wrk")
    with installation() as here:
        here.publish({HOST: {"/": page_html()}})
        django = here.granian(
            "benchmarks.peers.wsgi:application",
            *("--interface", "wsgi", "--blocking-threads", "16", "--uds", str(here.folder / "web.sock")),
            probe="",
        )
        with here.edge(workers=2) as edge, django:
            edge.wait_for("/bench/busy")

            def idle() -> float:
                return wrk(edge, connections=16, threads=1, headers=HEADERS).p99_ms

            def busy() -> float:
                stop = threading.Event()

                def compute() -> None:
                    while not stop.is_set():
                        edge.ask("/bench/busy")

                people = [threading.Thread(target=compute) for _ in range(8)]
                for each in people:
                    each.start()
                try:
                    return idle()
                finally:
                    stop.set()
                    for each in people:
                        each.join()

            rounds = interleaved({"idle": idle, "busy": busy})
    return Result(
        value=median(rounds, "busy"),
        unit="ms",
        baseline=median(rounds, "idle"),
        ratio=median_ratio(rounds, "busy", "idle"),
        goal="≤ 2x idle",
        what="p99 of a published page, 16 connections, while 8 CPU-bound Django requests run behind the same edge",
        rounds=rounds,
    )
