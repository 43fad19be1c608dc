from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from plainsail.kernel.lazily import Lazily


def test_a_module_is_imported_when_it_is_first_used():
    sys.modules.pop("colorsys", None)
    colorsys = Lazily("colorsys")
    assert "colorsys" not in sys.modules

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
    assert "colorsys" in sys.modules


def test_many_threads_may_be_the_first_at_once():
    module = Lazily("xml.sax.saxutils")
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _number: module.escape("<"), range(64))) == {"&lt;"}


def test_what_it_lacks_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = Lazily("json").no_such_thing
