"""References that people read out over the phone."""

from __future__ import annotations

import secrets

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def reference(prefix: str) -> str:
    """A prefix and eight characters without 0, O, 1 and I: 40 random bits."""
    return f"{prefix}-{''.join(secrets.choice(ALPHABET) for _ in range(8))}"
