from __future__ import annotations

import json

from plainsail.ui import vendoring

VENDORED = [
    "plainsail/ui/static/vendor",
    "plainsail/ui/tests/vendor",
]


def test_every_front_end_file_is_the_one_that_was_pinned():
    assert list(vendoring.wrong_files()) == []


def test_every_package_says_its_exact_version_and_its_licence():
    packages = vendoring.entries()
    assert all(package["name"] and package["licence"] and package["version"][0].isdigit() for package in packages)
    assert all(not set("^~*x") & set(package["version"]) for package in packages)


def test_no_vendored_file_is_unlisted():
    listed = {file["path"] for package in vendoring.entries() for file in package["files"]}
    present = {
        str(path.relative_to(vendoring.ROOT))
        for folder in VENDORED
        for path in (vendoring.ROOT / folder).rglob("*")
        if path.is_file()
    }
    assert present <= listed


def test_a_changed_file_is_reported(tmp_path, monkeypatch):
    (tmp_path / "a.js").write_text("changed")
    manifest = tmp_path / "vendor.json"
    file = {"path": "a.js", "sha256": "0" * 64}
    gone = {"path": "b.js", "sha256": "0" * 64}
    manifest.write_text(json.dumps({"packages": [{"name": "a", "version": "1", "files": [file, gone]}]}))
    monkeypatch.setattr(vendoring, "ROOT", tmp_path)
    monkeypatch.setattr(vendoring, "MANIFEST", manifest)
    assert list(vendoring.wrong_files()) == ["a.js of a differs from vendor.json", "b.js of a is missing"]


def test_a_sprite_holds_one_symbol_for_each_icon(tmp_path):
    (tmp_path / "plus.svg").write_text('<svg class="x"\n  width="24"\n>\n  <path d="M5 12h14" />\n</svg>\n')
    assert '<symbol id="plus" viewBox="0 0 24 24"><path d="M5 12h14" /></symbol>' in vendoring.sprite(
        tmp_path, ["plus"]
    )


def test_our_modules_are_small():
    folder = vendoring.ROOT / "plainsail/ui/static/ui/js"
    lines = {path.name: len(path.read_text().splitlines()) for path in folder.glob("*.js")}
    assert {name: count for name, count in lines.items() if count > 60} == {}
