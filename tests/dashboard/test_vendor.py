"""Fetching other people's builds: the lock, what is kept, and what happens when it fails."""

from __future__ import annotations

import json
import stat

import pytest

from cadenza.dashboard.vendor import BUILDS, FOLDER, VENDOR, VendorError, missing, vendor

LOCK = json.loads((FOLDER / "package-lock.json").read_text())
INSTALL = """#!/bin/sh
[ -f package-lock.json ] || exit 3
{commands}
"""


@pytest.fixture
def npm(processes, tmp_path):
    """``npm(*paths)``: a program in npm's place that installs these files."""

    def make(*paths, code=0, says=""):
        lines = [
            f'mkdir -p "$(dirname node_modules/{path})"; echo "// {path}" > node_modules/{path}'
            for path in paths
        ]
        program = tmp_path / "npm"
        commands = "\n".join([*lines, f"echo '{says}' >&2", f"exit {code}"])
        program.write_text(INSTALL.format(commands=commands))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return [str(program), "ci"]

    return make


SOURCES = [build.source for build in BUILDS]


def test_the_builds_are_kept_and_nothing_else(npm, tmp_path):
    target = tmp_path / "page/vendor"
    assert missing(target) == [build.name for build in BUILDS]
    vendor(target, npm(*SOURCES, "other/index.js"))
    assert {path.name for path in target.iterdir()} == {build.name for build in BUILDS}
    assert (target / "centrifuge.js").read_text() == "// centrifuge/dist/centrifuge.js\n"
    assert missing(target) == []
    assert [path.name for path in target.parent.iterdir()] == ["vendor"]


def test_builds_that_were_there_are_replaced_as_a_whole(npm, tmp_path):
    target = tmp_path / "vendor"
    target.mkdir()
    (target / "old.js").write_text("old")
    vendor(target, npm(*SOURCES))
    assert not (target / "old.js").exists()
    assert missing(target) == []


@pytest.mark.parametrize(
    ("paths", "failure", "words"),
    [
        (SOURCES, {"code": 1, "says": "EINTEGRITY"}, "npm failed: EINTEGRITY"),
        (SOURCES[1:], {}, f"the packages have no file {SOURCES[0]}"),
    ],
)
def test_a_failure_leaves_what_was_there(npm, tmp_path, paths, failure, words):
    target = tmp_path / "vendor"
    target.mkdir()
    (target / "old.js").write_text("old")
    with pytest.raises(VendorError, match=words):
        vendor(target, npm(*paths, **failure))
    assert [path.name for path in target.iterdir()] == ["old.js"]


def test_without_npm_it_says_what_is_needed(tmp_path):
    with pytest.raises(VendorError, match=r"no-such-npm is not there: Node\.js 18 or newer"):
        vendor(tmp_path / "vendor", ["no-such-npm", "ci"])


def test_every_package_is_locked_by_its_hash_and_from_no_particular_registry():
    packages = {name: entry for name, entry in LOCK["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    asked = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    locked = {name: packages[f"node_modules/{name}"]["version"] for name in asked}
    assert locked == asked


def test_what_is_fetched_may_be_given_away():
    """Licences that allow it, and whose text is kept where it has to be."""
    for name in ("centrifuge", "events", "lightweight-charts", "fancy-canvas"):
        assert LOCK["packages"][f"node_modules/{name}"]["license"] in {"MIT", "Apache-2.0"}
    licences = {build.name for build in BUILDS if build.name.endswith(".LICENSE.txt")}
    assert licences == {
        "centrifuge.LICENSE.txt",
        "events.LICENSE.txt",
        "lightweight-charts.LICENSE.txt",
    }


@pytest.mark.skipif(bool(missing()), reason="the page's builds are not installed: make page")
def test_the_installed_builds_are_those_of_the_lock():
    version = LOCK["packages"]["node_modules/lightweight-charts"]["version"]
    charts = (VENDOR / "lightweight-charts.mjs").read_text()
    assert f"v{version}" in charts[:400]
    assert "globalThis.Centrifuge=" in (VENDOR / "centrifuge.js").read_text()
    assert "import" not in {line.split(" ")[0] for line in charts.splitlines()}
