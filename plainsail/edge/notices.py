"""The edge's own pages: what happened and what can be done, in plain words, without help from web.

Programs that ask for JSON, or for anything of the API, get a problem document (RFC 9457) instead.
"""

from __future__ import annotations

from gettext import NullTranslations
from html import escape
from pathlib import Path

import orjson

from plainsail.edge.request import Request
from plainsail.edge.rsgi import Headers
from plainsail.edge.words import catalogue
from plainsail.edge.words import marked as _

API_PATH = "/api/v1/"
"""As `kernel.addresses` has it, which brings Django along; a test holds that they are the same."""
STYLESHEET_PATH = "/static/edge/notice.css"
STYLESHEET = (Path(__file__).parent / "static" / "edge" / "notice.css").read_bytes()

HTML = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="stylesheet" href="{stylesheet}">
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
{way}<p class="reference">{reference}</p>
</main>
</body>
</html>
"""

HEADERS: Headers = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
]


def unknown_host(request: Request) -> None:
    _show(
        request,
        421,
        _("No site lives at this address"),
        _(
            "The name in your browser’s address bar leads to this server, but no site here answers "
            "to it. Look whether it is spelt right. If it is yours, ask whoever runs this server to connect it."
        ),
        start=False,
    )


def site_closed(request: Request) -> None:
    """For every address of a business that closed. 410: search engines may forget it."""
    _show(
        request,
        410,
        _("This site is closed"),
        _(
            "The business that was here has closed. Nothing is sold or sent from this address any more. "
            "Whoever bought something finds the invoice by the link in the receipt."
        ),
        start=False,
    )


def bad_request(request: Request) -> None:
    _show(
        request,
        400,
        _("This request can’t be read"),
        _("The address or the host name is not written as it should be. Try typing it anew."),
    )


def method_not_allowed(request: Request) -> None:
    _show(request, 405, _("That can’t be done here"), _("This address does not know what to do with such a request."))


def broken_link(request: Request) -> None:
    _show(
        request,
        404,
        _("This link is broken"),
        _(
            "It was changed or cut off on its way, so we can’t tell where it should lead. "
            "Try clicking it in the original e-mail, or copy the whole of it."
        ),
    )


def unreadable(request: Request) -> None:
    _show(
        request,
        400,
        _("What was sent can’t be read"),
        _("Nothing was stored. Go back, and send the form again."),
    )


def too_large(request: Request, *, limit: int) -> None:
    _show(
        request,
        413,
        _("That is too large"),
        _("What you sent is larger than the {limit} that fit through here. Nothing was stored. Try a smaller file."),
        limit=f"{limit // 1024} KB" if limit < 1024 * 1024 else f"{limit // (1024 * 1024)} MB",
    )


def length_required(request: Request) -> None:
    _show(
        request,
        411,
        _("The length is missing"),
        _("A request with content must say its length beforehand (Content-Length)."),
    )


def too_slow(request: Request) -> None:
    _show(
        request,
        408,
        _("That took too long"),
        _("The connection was too slow for what was being sent. Nothing was stored. Please try again."),
    )


def busy(request: Request) -> None:
    """For a moment in which the database does not answer and somebody wants to read."""
    _show(
        request,
        503,
        _("One moment, please"),
        _("This site is busy just now. Please try again in a few seconds."),
        retry_after=5,
    )


def not_stored(request: Request) -> None:
    """For a form that could not be stored in time."""
    _show(
        request,
        503,
        _("One moment, please"),
        _(
            "This site is busy just now, and nothing was stored. Please try again in a few seconds: "
            "what you filled in is still there when you go back."
        ),
        retry_after=5,
    )


def web_away(request: Request) -> None:
    _show(
        request,
        503,
        _("Back in a moment"),
        _("The program behind this page is restarting. Please try again in a few seconds."),
        retry_after=5,
    )


def web_failed(request: Request) -> None:
    _show(
        request,
        502,
        _("The answer was lost"),
        _(
            "The program behind this page stopped before it answered. "
            "Look whether what you did has been done before you try again."
        ),
    )


def web_too_slow(request: Request) -> None:
    _show(
        request,
        504,
        _("No answer in time"),
        _("The program behind this page took too long. Look whether what you did has been done before you try again."),
    )


def stylesheet(request: Request) -> None:
    """The notices' own style; served here so that it is there when nothing else is."""
    headers = [("content-type", "text/css; charset=utf-8"), ("cache-control", "public, max-age=86400"), HEADERS[1]]
    request.answer(200, headers, STYLESHEET)


def _show(
    request: Request,
    status: int,
    title: str,
    text: str,
    *,
    retry_after: int = 0,
    limit: str = "",
    start: bool = True,
) -> None:
    words = catalogue(request.headers.get("accept-language") or "")
    title, text = words.gettext(title), words.gettext(text).replace("{limit}", limit)
    headers = [*HEADERS]
    if retry_after:
        headers.append(("retry-after", str(retry_after)))
    if _is_program(request):
        headers.append(("content-type", "application/problem+json"))
        problem = {"type": "about:blank", "title": title, "status": status, "detail": text, "request_id": request.id}
        request.answer(status, headers, orjson.dumps(problem))
        return
    headers += [("content-type", "text/html; charset=utf-8"), ("vary", "accept-language")]
    page = HTML.format(
        language=words.info().get("language", "en"),
        title=escape(title),
        text=escape(text),
        way=_way_on(request, words, is_passing=retry_after > 0, start=start),
        reference=escape(words.gettext(_("Reference:")) + " " + request.id),
        stylesheet=STYLESHEET_PATH,
    )
    request.answer(status, headers, page.encode())


def _is_program(request: Request) -> bool:
    """As web's `wants_json` sees it."""
    accepted = request.headers.get("accept") or ""
    return request.path.startswith(API_PATH) or ("json" in accepted and "text/html" not in accepted)


def _way_on(request: Request, words: NullTranslations, *, is_passing: bool, start: bool) -> str:
    """What passes can be asked for again, unless it would be sent twice; else there is the site's first page."""
    if is_passing and request.method in {"GET", "HEAD"}:
        return f'<p class="way"><a href="">{escape(words.gettext(_("Try again")))}</a></p>\n'
    return f'<p class="way"><a href="/">{escape(words.gettext(_("Go to the start")))}</a></p>\n' if start else ""
