"""What holds for every page: links resolve, and nothing is named that readers do not have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = [
    *PAGES,
    *sorted((ROOT / "docs").glob("**/*.py")),
    *sorted((ROOT / "docs" / "images").glob("*.svg")),
    *sorted((ROOT / "examples").iterdir()),
]
FORBIDDEN = ("../shared", "/work", "/root/", "pythonhosted")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings get."""
    without_code = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    found = set()
    for heading in re.findall(r"^#+ (.+)$", without_code, re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for link in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if link.startswith(("http://", "https://")):
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("path", [p for p in TEXTS if p.is_file()], ids=lambda path: path.name)
def test_nothing_is_named_that_readers_do_not_have(path):
    text = path.read_text(encoding="utf-8")
    assert [word for word in FORBIDDEN if word in text] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_page_is_linked_from_the_readme(path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert path.name == "README.md" or f"({path.relative_to(ROOT).as_posix()})" in readme


def test_the_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "`make serve`" in readme
    assert "`make test`" in readme
    assert len(readme.splitlines()) <= 160


def test_the_picture_is_small():
    assert (ROOT / "docs" / "images" / "session.svg").stat().st_size < 150_000
