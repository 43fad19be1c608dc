"""These tests are told at noon of one day, whatever day they run on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plainsail.commerce.tests.factories import NOON
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.fixed(NOON):
        yield


@pytest.fixture
def in_juniper(juniper):
    with workspace(juniper):
        yield juniper
