from __future__ import annotations

import zipfile
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plainsail.kernel.zips import BROKEN


def packed(method=zipfile.ZIP_DEFLATED):
    held = BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        archive.writestr("words.txt", b"some words of a stranger " * 40)
    return held.getvalue()


WHOLE = packed()


def read(content):
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
@example(41, 255)  # the first compressed byte
@example(6, 1)  # says that it asks for a password
def test_whatever_byte_is_wrong_it_is_read_or_is_broken(place, byte):
    with suppress(BROKEN):
        read(WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :])


@pytest.mark.parametrize("length", [0, 10, 50, len(WHOLE) - 1])
def test_what_ends_too_early_is_broken(length):
    with pytest.raises(BROKEN):
        read(WHOLE[:length])
