"""In which encoding a file of contacts was written.

A file says nothing of it but by its bytes. UTF-8 and UTF-16 betray themselves; what is neither is judged by a library, which
can't tell the pages of Western and of Central Europe apart in a few names: both make letters of the same bytes. So what
stands as well for names of Western Europe is read as those, and what looks odd there is read otherwise.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from plainsail.kernel.lazily import Lazily

if TYPE_CHECKING:
    import charset_normalizer
else:
    charset_normalizer = Lazily("charset_normalizer")

ENCODINGS = (
    *("utf_8", "utf_16", "cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1253", "cp1254"),
    *("cp1255", "cp1256", "mac_roman", "cp437", "cp850", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
)
BOMS = (
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
WESTERN, CENTRAL, TURKISH = "cp1252", "cp1250", "cp1254"
LATIN = frozenset({WESTERN, CENTRAL, TURKISH, "iso8859_15", "iso8859_2"})
JUDGED = 64 * 1024

WORD = re.compile(r"[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*")
"""Words with letters beyond ASCII."""
WESTERN_LETTERS = frozenset("äöüßàâçèéêëîïôùûœáíñóúãõåæøðþýìòÿ")
CENTRAL_LETTERS = frozenset("ąćęłńóśźżáéíőöúüűčďěňřšťůýžľĺŕôäđăâîşţßëç")
SIGNS = frozenset("\xa0¡¿«»‹›„“”‚‘’–—…€°§·´©®™ªº²³£½¼¾±×µ•†‰")
BETWEEN = re.compile(r"[A-Za-z][–—„“”…€°§·©®²³£½¡¿«»ªº´][A-Za-z]|[a-z][ÄÖÜÀÂÇÈÉÊËÎÏÔŽŠÁÍÑÓÚÅÆØŘČĎŇŤĽ]")
"""Signs in the middle of a word that stand beside words, and capitals behind small letters: then the page is another."""
STARTS = re.compile(r"(?<![^\W\d_])[³£¯¥¼¾ªº¹][a-z]")
"""Signs in the place of a capital: names of Central Europe."""


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
        return _of_one_byte(start[:JUDGED])
    return "utf_8"


def _of_one_byte(start: bytes) -> str:
    western = start.decode(WESTERN, errors="replace")
    if _reads_well(western, WESTERN_LETTERS) and not STARTS.search(western):
        return _among_latin(western)
    if _reads_well(start.decode(CENTRAL, errors="replace"), CENTRAL_LETTERS):
        return CENTRAL
    found = list(charset_normalizer.from_bytes(start, cp_isolation=[*ENCODINGS[2:]]))
    others = [one.encoding for one in found if one.encoding not in LATIN]
    return others[0] if others else WESTERN


def _reads_well(text: str, letters: frozenset[str]) -> bool:
    """Whether people of these letters write so: hardly any but theirs, capitals in front, in words of mostly plain letters."""
    beyond = [letter for letter in text.lower() if letter > "\x7f"]
    odd = sum(1 for letter in beyond if letter not in letters and letter not in SIGNS) + len(BETWEEN.findall(text))
    return odd * 50 <= len(beyond) and _is_mixed(text)


def _is_mixed(text: str) -> bool:
    """Whether words with further letters have plain ones, too; those of Greeks and Russians have none."""
    words = "".join(WORD.findall(text))
    return sum(1 for letter in words if letter > "\x7f") * 4 <= len(words) * 3


def _among_latin(text: str) -> str:
    letters = {letter for letter in text.lower() if letter > "\x7f"}
    if letters & set("õû") and not letters & set("ãçêèàôîïëâäñ"):
        return CENTRAL  # ő and ű of Hungarians: hardly a text of the West has õ or û and none of the others
    if letters & set("ðþý") and letters & set("çü"):
        return TURKISH  # ğ, ş and ı, beside letters that Icelanders don't have
    return WESTERN
