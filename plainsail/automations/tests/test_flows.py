"""Changing a flow never loses a step, and every flow can be walked to its end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainsail.automations.services import flows
from plainsail.automations.services.flows import Place


def ids(flow):
    return [step["id"] for step in flows.walk(flow["steps"])]


def test_a_step_goes_where_it_is_put():
    flow, first = flows.insert(flows.empty(), Place(0), flows.wait(1))
    flow, second = flows.insert(flow, Place(1), flows.wait(2))
    flow, between = flows.insert(flow, Place(1), flows.end() | {"type": "action", "action": "x", "config": {}})
    assert ids(flow) == [first, between, second]
    assert flows.after(flow, first) == between
    assert flows.after(flow, second) == ""


def test_a_condition_takes_what_followed_into_its_yes():
    flow, first = flows.insert(flows.empty(), Place(0), flows.wait(1))
    flow, last = flows.insert(flow, Place(1), flows.wait(2))
    flow, asks = flows.insert(flow, Place(1), flows.condition("x"))
    assert [step["id"] for step in flow["steps"]] == [first, asks]
    assert [step["id"] for step in flows.find(flow, asks)["yes"]] == [last]


def test_removing_a_condition_keeps_what_stood_under_yes():
    flow = flows.build("t", {}, [flows.condition("x", yes=[flows.wait(1)], no=[flows.wait(9)])])
    flow = flows.remove(flow, flow["steps"][0]["id"])
    assert [step["amount"] for step in flow["steps"]] == [1]


@pytest.mark.parametrize(
    "place",
    [Place(1), Place(-1), Place(0, "gone", "yes"), Place(0, "step", "yes"), Place(0, "", "yes") and Place(7)],
)
def test_there_is_no_such_place(place):
    with pytest.raises(flows.NoSuchStep):
        flows.insert(flows.empty(), place, flows.wait(1))


def test_nothing_follows_an_end():
    flow, _id = flows.insert(flows.empty(), Place(0), flows.end())
    with pytest.raises(flows.NoSuchStep):
        flows.insert(flow, Place(1), flows.wait(1))


def test_ways_that_parted_meet_again_behind_them():
    inner = flows.split((50, [flows.wait(1)]), (50, []))
    flow = flows.build("t", {}, [flows.condition("x", yes=[inner], no=[flows.wait(2)]), flows.wait(3)])
    asks, parts, one, two, last = ids(flow)
    assert [flows.after(flow, each) for each in (asks, parts, one, two, last)] == [last, last, last, last, ""]


def test_a_goal_is_ahead_of_whoever_comes_to_it_by_any_way():
    aim = flows.goal(flows.ask("x"))
    flow = flows.build(
        "t", {}, [flows.condition("x", yes=[flows.wait(1)], no=[aim]), flows.wait(3), aim, flows.wait(1)]
    )
    asks, wait, hidden, between, seen, last = ids(flow)
    goals = {each: [goal["id"] for goal in flows.ahead(flow, each)] for each in ids(flow)}
    assert goals == {asks: [seen], wait: [seen], hidden: [seen], between: [seen], seen: [], last: []}


def test_a_flow_has_an_end_to_its_growth():
    flow = flows.build("t", {}, [flows.wait(1) for _number in range(flows.MOST_STEPS)])
    with pytest.raises(flows.TooManySteps):
        flows.insert(flow, Place(0), flows.wait(1))


def test_steps_change_places_but_a_condition_stays_last():
    flow = flows.build("t", {}, [flows.wait(1), flows.wait(2), flows.condition("x")])
    one, two, asks = ids(flow)
    assert ids(flows.move(flow, one, 1)) == [two, one, asks]
    assert ids(flows.move(flow, two, 1)) == [one, two, asks]
    assert ids(flows.move(flow, one, -1)) == [one, two, asks]


def places(flow):
    """Everywhere a step may go."""

    def of_row(row, parent, branch):
        for index in range(len(row) + 1):
            if not index or row[index - 1]["type"] not in ("condition", "end"):
                yield Place(index, parent, branch)
        for step in row:
            if step["type"] == "condition":
                yield from of_row(step["yes"], step["id"], "yes")
                yield from of_row(step["no"], step["id"], "no")

    return list(of_row(flow["steps"], "", ""))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_number_of_inserts_keeps_every_step_and_each_is_reached_once(data):
    flow, made = flows.empty(), []
    for _number in range(data.draw(st.integers(1, 14))):
        kind = data.draw(st.sampled_from([flows.wait(1), flows.condition("x"), flows.action("y")]))
        flow, step_id = flows.insert(flow, data.draw(st.sampled_from(places(flow))), kind)
        made.append(step_id)
    assert sorted(ids(flow)) == sorted(made)
    reached = []

    def go(step_id):
        while step_id:
            reached.append(step_id)
            step = flows.find(flow, step_id)
            if step["type"] == "condition":
                go(flows.first(step["yes"]))
                go(flows.first(step["no"]))
                return
            step_id = flows.after(flow, step_id)

    go(flows.first(flow["steps"]))
    assert sorted(reached) == sorted(made)
    victim = data.draw(st.sampled_from(made))
    assert victim not in ids(flows.remove(flow, victim))
