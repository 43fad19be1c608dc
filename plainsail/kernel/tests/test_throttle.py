from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from plainsail.kernel.throttle import Throttle

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_so_many_are_let_through_and_in_the_next_hour_again():
    throttle = Throttle(purpose="tests", limit=2)
    assert [throttle.spend("192.0.2.7", at=AT) for _try in range(3)] == [True, True, False]
    assert throttle.is_spent("192.0.2.7", at=AT)
    assert throttle.spend("192.0.2.7", at=AT + timedelta(hours=1))


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_none_escapes_the_count():
    throttle, results, together = Throttle(purpose="tests", limit=3), [], threading.Barrier(6)

    def work() -> None:
        together.wait()
        results.append(throttle.spend("192.0.2.7", at=AT))
        connection.close()

    threads = [threading.Thread(target=work) for _each in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 3 + [True] * 3


def test_everybody_and_everything_has_a_limit_of_its_own():
    throttle, other = Throttle(purpose="tests", limit=1), Throttle(purpose="others", limit=1)
    assert throttle.spend("192.0.2.7", at=AT)
    assert throttle.spend("192.0.2.8", at=AT)
    assert other.spend("192.0.2.7", at=AT)
    assert not throttle.spend("192.0.2.7", at=AT)
