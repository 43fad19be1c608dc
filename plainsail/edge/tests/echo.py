"""Stands in for web: answers with what it was asked, and misbehaves on demand."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    if path == "/unread":
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"no"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if "note" in query:
        with Path(query["note"]).open("a") as notes:
            notes.write(f"{environ['REQUEST_METHOD']} {path}\n")
    if path == "/sleep":
        time.sleep(float(query["seconds"]))
    if path == "/stream":
        length = [("Content-Length", query["length"])] if "length" in query else []
        start_response("200 OK", [("Content-Type", "text/plain"), *length])
        return _stream(query)
    if path == "/large":
        start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", "3000000")])
        return [b"x" * 3_000_000]
    if path == "/headers":
        start_response(
            "200 OK",
            [
                ("Content-Type", "text/plain"),
                ("Set-Cookie", "a=1"),
                ("Set-Cookie", "b=2"),
                ("Server", "secret/1.0"),
                ("X-Name", "Größe"),
            ],
        )
        return [b"headers"]
    if path == "/redirect":
        start_response("302 Found", [("Location", "/elsewhere")])
        return [b""]
    if path == "/nothing":
        start_response("204 No Content", [])
        return [b""]
    start_response("200 OK", [("Content-Type", "application/json")])
    said = {
        "method": environ["REQUEST_METHOD"],
        "path": path,
        "query": environ.get("QUERY_STRING", ""),
        "headers": {name[5:].lower(): text for name, text in environ.items() if name.startswith("HTTP_")},
        "type": environ.get("CONTENT_TYPE", ""),
        "size": len(body),
        "sha": hashlib.sha256(body).hexdigest(),
    }
    return [json.dumps(said).encode()]


def _stream(query: dict[str, str]) -> Iterable[bytes]:
    note = query.get("closing")
    try:
        for number in range(int(query.get("count", "3"))):
            yield f"part {number}\n".encode()
            time.sleep(float(query.get("pause", "0.05")))
    finally:
        if note:
            Path(note).write_text("closed")
