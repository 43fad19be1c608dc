"""A real name server on loopback: answers over UDP what a test puts into its zone."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SERVFAIL, SILENT = "servfail", "silent"


class Handler(socketserver.BaseRequestHandler):
    server: Any

    def handle(self) -> None:
        data, socket = self.request
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query, recursion_available=True)
        question = query.question[0]
        name, kind = question.name.to_text().rstrip(".").lower(), dns.rdatatype.to_text(question.rdtype)
        records = self.server.zone.get((name, kind))
        if records == SILENT:
            return
        if records == SERVFAIL:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *map(_quoted(kind), records)))
        elif not any(known == name or known.endswith(f".{name}") for known, _kind in self.server.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.server.asked.append((name, kind))
        socket.sendto(answer.to_wire(max_size=4096), self.client_address)


def _quoted(kind: str) -> Callable[[str], str]:
    def quoted(record: str) -> str:
        if kind == "TXT":
            # As zones have it: strings of at most 255 characters.
            return " ".join(f'"{record[place : place + 255]}"' for place in range(0, len(record) or 1, 255))
        return f"{record}." if kind in {"MX", "PTR", "CNAME"} else record

    return quoted


@contextmanager
def serving(zone: dict[tuple[str, str], Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """`zone` maps (name, kind) to records; gives `host:port` and what was asked."""
    server: Any
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        server.zone, server.asked, server.daemon_threads = zone, [], True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", server.asked
        finally:
            server.shutdown()
