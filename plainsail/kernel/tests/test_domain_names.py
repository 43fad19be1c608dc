"""Domains in any script: in ASCII for programs, in letters for people."""

from __future__ import annotations

import pytest

from plainsail.kernel.domain_names import in_letters


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("xn--bcher-kva.de", "bücher.de"),
        ("shop.xn--bcher-kva.de", "shop.bücher.de"),
        ("https://xn--bcher-kva.de:8000/course?x=1", "https://bücher.de:8000/course?x=1"),
        ("_plainsail.xn--bcher-kva.de", "_plainsail.bücher.de"),
        ("ada@xn--c1yn36f.tw", "ada@點看.tw"),
        ("plain.example", "plain.example"),
        ("xn--zz--.de", "xn--zz--.de"),
        ("", ""),
    ],
)
def test_a_domain_is_shown_as_people_write_it(stored, written):
    assert in_letters(stored) == written
