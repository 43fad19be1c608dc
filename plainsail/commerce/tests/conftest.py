"""These tests are told at noon of one day, whatever day they run on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from plainsail.commerce.services import vies
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel import clock


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.fixed(NOON):
        yield


class Vies:
    """Stands in for VIES at its network edge: `answer` is `valid`, `invalid` or the name of a fault."""

    def __init__(self) -> None:
        self.answer = "valid"
        self.asked: list[dict[str, str]] = []

    def post(self, _path: str, wanted: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append(wanted)
        if self.answer == "unreachable":
            raise OSError("no route")
        if self.answer in {"valid", "invalid"}:
            told = {"valid": self.answer == "valid", "requestIdentifier": f"WAPI{len(self.asked)}", "name": "ROSSI SRL"}
            return 200, json.dumps(told).encode()
        return 500, json.dumps({"actionSucceed": False, "errorWrappers": [{"error": self.answer}]}).encode()


@pytest.fixture(autouse=True)
def register(monkeypatch: pytest.MonkeyPatch) -> Vies:
    """The EU's register, as it answers in these tests."""
    stand_in = Vies()
    monkeypatch.setattr(vies, "post", stand_in.post)
    return stand_in
