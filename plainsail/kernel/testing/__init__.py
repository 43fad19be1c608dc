"""What tests of every area use: `run_jobs()` and friends. Imports Django only when called: the plug-in comes first."""

from __future__ import annotations

from datetime import datetime


def run_jobs(*, at: datetime | None = None) -> int:
    """Do at once what a worker would do; see `work.run_jobs`."""
    from plainsail.kernel.testing import work

    return work.run_jobs(at=at)
