from __future__ import annotations

from plainsail.kernel.postal import line_below, lines_below


def test_an_address_that_begins_with_the_name_does_not_repeat_it_below_the_name():
    assert lines_below("Juniper", "Juniper\n Mill Lane 4 \n\n25980 Westerland\n") == ["Mill Lane 4", "25980 Westerland"]
    assert line_below("Juniper", "JUNIPER\nMill Lane 4") == "Mill Lane 4"


def test_any_other_address_stays_whole():
    assert line_below("Juniper", "Juniper Studio\nMill Lane 4") == "Juniper Studio, Mill Lane 4"
    assert (lines_below("Juniper", ""), line_below("Juniper", "Juniper")) == ([], "")
