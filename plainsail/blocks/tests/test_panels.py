"""The settings form of a section shows what the section holds, letter for letter."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from plainsail.blocks.services import documents, panels
from plainsail.blocks.sockets import BLOCKS


class Areas(HTMLParser):
    """What a browser would put into each textarea: it drops one line break at the very beginning."""

    def __init__(self):
        super().__init__()
        self.inside, self.values = False, []

    def handle_starttag(self, tag, attrs):
        if tag == "textarea":
            self.inside = True
            self.values.append("")

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.inside = False
            self.values[-1] = self.values[-1].removeprefix("\n")

    def handle_data(self, data):
        if self.inside:
            self.values[-1] += data


def areas_of(block):
    reader = Areas()
    reader.feed(panels.render_panel(block))
    return reader.values


@pytest.mark.parametrize("words", ["Small groups.", "\nA line further down", "  Two spaces in", "<b> & “quotes”"])
def test_a_long_text_stands_in_its_field_as_it_was_written(words):
    block = documents.make_block(BLOCKS["hero"])
    block.props["text"] = words
    assert areas_of(block) == [words]


def test_rich_text_stands_in_its_field_as_it_was_written():
    block = documents.make_block(BLOCKS["text"])
    block.props["text"] = "<p>Hello <strong>you</strong></p>"
    assert areas_of(block) == ["<p>Hello <strong>you</strong></p>"]
