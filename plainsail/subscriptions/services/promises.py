"""What somebody is shown before they press: kept as it was, and known again by its fingerprint, so that just that is done."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Promise:
    """Base of what is shown. Its fields are what JSON knows, days and moments, and dataclasses of those."""

    def as_json(self) -> dict[str, Any]:
        """As stored: days and moments in ISO 8601."""
        return json.loads(json.dumps(asdict(self), default=_plain))  # type: ignore[no-any-return]  # a dictionary by construction

    @property
    def digest(self) -> str:
        """Fingerprint of what was shown."""
        return hashlib.blake2b(json.dumps(self.as_json(), sort_keys=True).encode(), digest_size=20).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value))
