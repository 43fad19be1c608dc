"""Films and other people's pages: what stands behind an address, and the frame that shows it once a visitor has asked.

Nothing of a third party loads before that: the frame begins as a document of our own (`srcdoc`) with one link in it, and
following the link inside the frame brings the player. That works without a script, and without frames it is a link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs, urlsplit

YOUTUBE = {"youtube.com", "www.youtube.com", "m.youtube.com", "youtube-nocookie.com", "www.youtube-nocookie.com"}
YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")
VIMEO_ID = re.compile(r"[0-9]{6,12}")
FILES = {"mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm"}
HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")

# Inside the frame, so it can't use the page's own style; the page's policy lets it past by its hash.
FRAME_CSS = (
    "*{box-sizing:border-box}html,body{margin:0;height:100%}"
    "a{position:absolute;inset:0;display:grid;place-items:center;background:#16211d;color:#fff;"
    "font:600 1rem/1.4 system-ui,sans-serif;text-decoration:none;overflow:hidden}"
    "img{position:absolute;inset:0;width:100%;height:100%;object-fit:cover;opacity:.82}"
    "span{position:relative;display:flex;gap:.7rem;align-items:center;max-width:88%;padding:.8rem 1.3rem;"
    "border-radius:99px;background:#0b1210e6}"
    "span::before{content:'';flex:none;border:solid transparent;border-width:.5rem 0 .5rem .85rem;border-left-color:#fff}"
    "a:hover img{opacity:1}a:focus-visible span{outline:3px solid #fff;outline-offset:3px}"
)


@dataclass(frozen=True, kw_only=True)
class Player:
    """Something to play or to look at. Either `file` with its `media_type`, or `frame`: the address that the frame goes to.

    `link` is where people may see it instead; `host` whose it is, for the words on the button.
    """

    link: str
    host: str = ""
    file: str = ""
    media_type: str = ""
    frame: str = ""

    @property
    def origin(self) -> str:
        """What a content security policy must let into a frame."""
        return f"https://{urlsplit(self.frame).netloc}" if self.frame else ""

    def document(self, words: str, *, poster: str = "") -> str:
        """The HTML that the frame begins with: one link with words and perhaps a picture of our own."""
        image = f'<img src="{escape(poster)}" alt="" loading="lazy">' if poster else ""
        # These players refuse to play where they aren't told on whose page they stand.
        link = f'<a href="{escape(self.frame)}" referrerpolicy="strict-origin-when-cross-origin">'
        head = f"<!doctype html><title>{escape(words)}</title><style>{FRAME_CSS}</style>"
        return f"{head}{link}{image}<span>{escape(words)}</span></a>"


def of(address: str) -> Player | None:
    """The film at an address that passed `is_safe_link`; None where it is none that can be shown."""
    parts = urlsplit(address)
    if media_type := FILES.get(parts.path.rpartition(".")[2].lower()):
        is_ours = address.startswith("/")
        return (
            Player(link=address, file=address, media_type=media_type, host="" if is_ours else parts.netloc)
            if is_ours or parts.scheme == "https"
            else None
        )
    if parts.scheme not in ("https", "http"):
        return None
    host = parts.netloc.lower()
    if host in YOUTUBE or host == "youtu.be":
        return _youtube(parts.path, parts.query, is_short=host == "youtu.be")
    if host in ("vimeo.com", "www.vimeo.com", "player.vimeo.com"):
        return _vimeo(parts.path)
    return None


def foreign(address: str) -> Player | None:
    """A page of somebody else, to be shown in a frame; a film as `of` knows it. None where it can't be framed."""
    parts = urlsplit(address)
    host = parts.netloc.lower()
    if parts.scheme != "https" or not HOST.fullmatch(host):
        return None
    found = of(address)
    return found if found and found.frame else Player(link=address, host=host, frame=address)


def _youtube(path: str, query: str, *, is_short: bool) -> Player | None:
    first, _slash, rest = path.strip("/").partition("/")
    if is_short:
        film = first
    elif first in ("embed", "shorts", "live", "v"):
        film = rest
    else:
        film = parse_qs(query).get("v", [""])[0]
    if not YOUTUBE_ID.fullmatch(film):
        return None
    return Player(
        link=f"https://www.youtube.com/watch?v={film}",
        host="YouTube",
        frame=f"https://www.youtube-nocookie.com/embed/{film}?autoplay=1&rel=0",
    )


def _vimeo(path: str) -> Player | None:
    film = path.strip("/").removeprefix("video/").partition("/")[0]
    if not VIMEO_ID.fullmatch(film):
        return None
    return Player(
        link=f"https://vimeo.com/{film}",
        host="Vimeo",
        frame=f"https://player.vimeo.com/video/{film}?autoplay=1&dnt=1",
    )
