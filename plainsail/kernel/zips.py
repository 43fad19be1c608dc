"""What reading a ZIP file of a stranger's may raise, however it is broken."""

from __future__ import annotations

import zipfile
import zlib

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,  # its compressed bytes are not what they say
    NotImplementedError,  # a compression that Python doesn't know
    RuntimeError,  # it asks for a password
    EOFError,  # it ends too early
    OSError,
    ValueError,
)
"""For `except`: the file is at fault, not we."""
