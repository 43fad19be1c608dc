"""Random lives of contracts: bought, charged, declined, cancelled, taken back, refunded, disputed, in any order. Nothing breaks.

A failure prints the steps and a line that plays it again; PLAINSAIL_SEED=… plays a whole run again.
"""

from __future__ import annotations

import os
import random

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from plainsail.kernel.models import Workspace
from plainsail.subscriptions.tests.lives.rules import Machine

LIVES = 5000 if os.environ.get("PLAINSAIL_DEEP") else 200
STEPS = 30 if os.environ.get("PLAINSAIL_DEEP") else 12


def test_whatever_happens_in_a_contracts_life_every_invariant_holds(juniper: Workspace) -> None:
    chosen = int(os.environ.get("PLAINSAIL_SEED") or random.SystemRandom().randrange(2**32))
    print(f"PLAINSAIL_SEED={chosen}")

    class Life(Machine):
        business = juniper

    run_state_machine_as_test(
        seed(chosen)(Life),
        settings=settings(
            max_examples=int(os.environ.get("LIVES", LIVES)),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
