"""Which variant won: the rule, at its edges, against numbers worked out otherwise."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.mail.services.deciding import Result, chances_to_be_best, decide, enough_for, interval


def results(*pairs):
    return [Result(letter, sent, people) for letter, (sent, people) in zip("ABCDE", pairs, strict=False)]


def test_a_clear_winner_is_called_sure():
    decision = decide(results((1000, 30), (1000, 60)))
    assert (decision.letter, decision.rule) == ("B", "sure")
    assert decision.chances["B"] > 0.99


def test_where_nobody_can_be_sure_the_highest_share_goes_on():
    decision = decide(results((100, 5), (100, 6)))
    assert (decision.letter, decision.rule) == ("B", "leading")


def test_of_level_ones_the_first_letter_goes_on():
    assert (decide(results((100, 5), (200, 10))).letter, decide(results((100, 5), (200, 10))).rule) == ("A", "tie")


def test_nobody_did_anything():
    decision = decide(results((100, 0), (100, 0), (0, 0)))
    assert (decision.letter, decision.rule) == ("A", "nobody")


def test_the_chances_are_those_of_drawing_many_times():
    seen = results((500, 20), (480, 27), (510, 22))
    draw = random.Random(4)
    wins = dict.fromkeys("ABC", 0)
    for _round in range(40_000):
        rates = {each.letter: draw.betavariate(1 + each.people, 1 + each.sent - each.people) for each in seen}
        wins[max(rates, key=rates.get)] += 1
    found = chances_to_be_best(seen)
    assert {letter: pytest.approx(won / 40_000, abs=0.01) for letter, won in wins.items()} == found


@given(st.lists(st.tuples(st.integers(0, 100_000), st.floats(0, 1)), min_size=2, max_size=5))
def test_chances_add_up_and_the_winner_is_one_of_them(pairs):
    seen = results(*((sent, int(sent * share)) for sent, share in pairs))
    decision = decide(seen)
    assert sum(decision.chances.values()) == pytest.approx(1)
    assert all(0 <= chance <= 1.000001 for chance in decision.chances.values())
    assert decision.letter in decision.chances


def test_an_interval_holds_the_share_and_narrows_with_people():
    few, many = interval(Result("A", 100, 3)), interval(Result("A", 10_000, 300))
    assert few[0] < many[0] < 0.03 < many[1] < few[1]


def test_how_many_people_a_test_needs_is_what_textbooks_say():
    # 3 % against 3.6 %, two-sided 5 %, power 80 %: 13,900 for each, within rounding.
    assert enough_for(0.03, 0.2) == pytest.approx(13_914, rel=0.01)
