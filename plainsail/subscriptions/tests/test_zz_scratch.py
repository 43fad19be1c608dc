import os, sys, time, traceback
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from plainsail.subscriptions.tests.lives.rules import Machine


def test_many(juniper):
    sites = {}
    n = 0
    start = time.time()
    base = int(os.environ.get("BASE", "0"))
    budget = float(os.environ.get("BUDGET", "150"))
    for number in range(1000):
        if time.time() - start > budget or len(sites) > 7:
            break

        class Life(Machine):
            business = juniper

            def __init__(self):
                nonlocal n
                n += 1
                super().__init__()

        try:
            run_state_machine_as_test(
                seed(base * 1000 + number)(Life),
                settings=settings(
                    max_examples=10,
                    stateful_step_count=int(os.environ.get("STEPS", "14")),
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except BaseException as e:
            tb = traceback.extract_tb(e.__traceback__)
            mine = [f for f in tb if "plainsail" in f.filename]
            key = (type(e).__name__, mine[-1].filename.split("plainsail/")[-1], mine[-1].lineno)
            if key not in sites:
                sites[key] = 0
                print("=" * 30, key, "seed", base * 1000 + number, file=sys.__stdout__)
                print(str(e)[:900], file=sys.__stdout__)
                for f in mine[-7:]:
                    print("   ", f.filename.split("plainsail/")[-1], f.lineno, f.line, file=sys.__stdout__)
                print(
                    "\n".join(x for x in getattr(e, "__notes__", []) if "state" in x)[:2500],
                    file=sys.__stdout__,
                    flush=True,
                )
            sites[key] += 1
    print("LIVES", n, "seconds", time.time() - start, sites, file=sys.__stdout__)
