"""In which encoding a file of contacts was written.

A file says nothing of it but by its bytes. UTF-8 and UTF-16 betray themselves. What is neither is judged by chardetng, which
browsers judge by and which tells the pages of Europe apart in a few names; only what no page of the web was ever in, as a Mac
or a window of DOS wrote it, it doesn't know, and chardet does.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.lazily import Lazily

if TYPE_CHECKING:
    import chardet
    import chardetng_py
else:
    chardet, chardetng_py = Lazily("chardet"), Lazily("chardetng_py")

WEST, CENTRE, CYRILLIC, JAPANESE = _("Western Europe"), _("Central Europe"), _("Cyrillic"), _("Japanese")
ENCODINGS: Mapping[str, tuple[str | Promise, str]] = {
    "utf_8": ("Unicode", "UTF-8"),
    "utf_16": ("Unicode", "UTF-16"),
    "cp1252": (WEST, "Windows 1252"),
    "iso8859_15": (WEST, "ISO 8859-15"),
    "mac_roman": (WEST, "Macintosh"),
    "cp850": (WEST, "DOS 850"),
    "cp437": (WEST, "DOS 437"),
    "cp1250": (CENTRE, "Windows 1250"),
    "iso8859_2": (CENTRE, "ISO 8859-2"),
    "cp852": (CENTRE, "DOS 852"),
    "cp1257": (_("Baltic"), "Windows 1257"),
    "cp1254": (_("Turkish"), "Windows 1254"),
    "cp1253": (_("Greek"), "Windows 1253"),
    "cp1251": (CYRILLIC, "Windows 1251"),
    "koi8_r": (CYRILLIC, "KOI8-R"),
    "cp1255": (_("Hebrew"), "Windows 1255"),
    "cp1256": (_("Arabic"), "Windows 1256"),
    "cp932": (JAPANESE, "Shift JIS"),
    "euc_jp": (JAPANESE, "EUC"),
    "gb18030": (_("Simplified Chinese"), "GB 18030"),
    "big5": (_("Traditional Chinese"), "Big5"),
    "cp949": (_("Korean"), "EUC-KR"),
}
"""What is offered where the guess was wrong: whose letters, and what programs call it."""
BOMS = (
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
LATIN = ("cp1250", "cp1252", "cp1254", "cp1257")
OF_MACHINES = ("mac_roman", "cp850", "cp852", "iso8859_2")
"""What only chardet knows; ISO 8859-2 chardetng knows as well, but rarely names."""
WITHIN = re.compile(rb"[A-Za-z](?:[\x80-\x90\x95\x98-\x9f\xa1-\xbf][A-Za-z]|[\x81\x88\x8d\x8f\x90\x98\x9d])")
"""What is a letter on a Mac, under DOS or in ISO 8859-2; in Windows most are signs or nothing, which don't stand in words."""
CAPITAL = re.compile(r"[^\W\d_]([^\W\d_\x00-\x7f])[a-z]")
"""A letter beyond ASCII in the middle of a word: where it is a capital, it was meant to be another."""
HUNGARIAN = re.compile(rb"[\xf5\xfb]")
"""ő and ű, or õ and û."""
LARGER = {"shift_jis": "cp932", "euc_kr": "cp949", "gbk": "gb18030"}
"""Windows writes more letters than the standard has."""
JUDGED = 64 * 1024


def encoding_of(start: bytes) -> str:
    """A codec's name, by the first bytes of a file (256 KB are plenty)."""
    for bom, encoding in BOMS:
        if start.startswith(bom):
            return encoding
    # UTF-16 without its mark: every other byte of plain letters is nothing.
    for encoding, zeros in (("utf_16_le", start[1:2000:2]), ("utf_16_be", start[0:2000:2])):
        if zeros and zeros.count(0) * 10 > len(zeros) * 7 and start[:2000].count(0) * 10 < len(start[:2000]) * 6:
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        text = start.decode("utf-8", errors="replace")
        wrong = text.count("\ufffd")
        if wrong * 10 < sum(1 for letter in text if letter > "\x7f") - wrong:
            # A few broken letters among many good ones: their cells are told, the rest is read right.
            return "utf_8"
        return _judged(start[:JUDGED])
    return "utf_8"


def _judged(start: bytes) -> str:
    found = _named(chardetng_py.detect(start))
    if found not in LATIN:
        return LARGER.get(found, found)
    # Plain lines say nothing of it, and too many of them drown the others.
    telling = b"\n".join(line for line in start.splitlines() if not line.isascii())
    said = chardet.detect_all(telling, compat_names=False, include_encodings=(*LATIN, "iso8859-15", *OF_MACHINES))
    names = [_named(one["encoding"] or found) for one in said]
    if names[0] == "cp1250" and said[0]["language"] == "hu" and HUNGARIAN.search(telling):
        return "cp1250"
    if names[0] in OF_MACHINES and WITHIN.search(telling):
        return next((name for name in names if name in OF_MACHINES and _reads_well(telling.decode(name))), names[0])
    return found


def _reads_well(text: str) -> bool:
    return not any(letter.isupper() for letter in CAPITAL.findall(text))


def _named(label: str) -> str:
    """The codec of a label such as `windows-1252`."""
    return codecs.lookup(label).name.replace("-", "_")
