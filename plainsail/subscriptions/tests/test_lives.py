"""Random lives of contracts: bought, charged, declined, cancelled, taken back, refunded, disputed, in any order. Nothing breaks.

A failure prints its steps, and with them a line that plays it again; PLAINSAIL_SEED=… plays a whole run again,
and PLAINSAIL_SHRINK=1 with it looks for the shortest life that fails, which takes minutes. PLAINSAIL_LIVES=… lives more or fewer.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from plainsail.kernel.models import Workspace
from plainsail.subscriptions.tests.lives import shapes, transfers
from plainsail.subscriptions.tests.lives.rules import ANY, GOOD

pytestmark = pytest.mark.long

IS_DEEP = bool(os.environ.get("PLAINSAIL_DEEP"))
LIVES = int(os.environ.get("PLAINSAIL_LIVES") or (5000 if IS_DEEP else 200))
LENGTHS = ((0.8, 6), (0.2, 20)) if IS_DEEP else ((1.0, 6),)
"""Shares of all lives, and how many steps they have: in the deep run every fifth is a long one."""
# Add-ons bought later and bank transfers have a thousand lives behind them, the rest many: they join the quick ones later.
Machine = transfers.Machine if IS_DEEP or os.environ.get("PLAINSAIL_LIVES") else shapes.Machine


class TestCardsThatPay:
    """These lives get far: years of renewals, pauses, add-ons."""

    def test_every_invariant_holds(self, juniper: Workspace) -> None:
        live(juniper, GOOD)


class TestEveryCard:
    """These meet every decline, lost answer, late refund and dispute."""

    def test_every_invariant_holds(self, juniper: Workspace) -> None:
        live(juniper, ANY)


def live(of: Workspace, cards: tuple[str, ...]) -> None:
    """Half of all lives, with some cards. Two classes, so that two workers can share them."""
    chosen = int(os.environ.get("PLAINSAIL_SEED") or random.SystemRandom().randrange(2**32))
    for share, steps in LENGTHS:
        lives = round(LIVES // 2 * share)
        print(f"PLAINSAIL_SEED={chosen}: {lives} lives of up to {steps} steps")

        class Life(Machine):
            business = of
            numbers = cards

        run_state_machine_as_test(
            seed(chosen)(Life),
            settings=settings(
                max_examples=lives,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                print_blob=True,
                phases=tuple(Phase) if os.environ.get("PLAINSAIL_SHRINK") else (Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck),
            ),
        )
