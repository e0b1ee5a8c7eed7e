"""Colours of the page: what is written can be read, light and dark (WCAG 2.2, 4.5 to 1)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cadenza.dashboard

SHEET = Path(cadenza.dashboard.__file__).parent / "page/css/colours.css"
WRITTEN = [
    ("text", "back"),
    ("text", "panel"),
    ("muted", "back"),
    ("muted", "panel"),
    ("muted", "raised"),
    ("muted", "panel", "buy-soft"),
    ("muted", "panel", "sell-soft"),
    ("buy", "back"),
    ("buy", "panel"),
    ("buy", "raised"),
    ("buy", "panel", "buy-soft"),
    ("buy", "back", "buy-soft"),
    ("sell", "back"),
    ("sell", "panel"),
    ("sell", "raised"),
    ("sell", "panel", "sell-soft"),
    ("sell", "back", "sell-soft"),
    ("accent", "panel", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "buy"),
    ("on-accent", "sell"),
]
"""A colour of text, and what it stands on, from below."""


def themes() -> dict[str, dict[str, str]]:
    """The custom properties of both themes; the dark one changes those of the light one."""
    text = SHEET.read_text()
    found = {}
    for name, start in (("light", ":root {"), ("dark", ":root[data-theme='dark'] {")):
        block = text.split(start, 1)[1].split("}", 1)[0]
        found[name] = dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))
    return {"light": found["light"], "dark": found["light"] | found["dark"]}


def channels(colour: str) -> tuple[float, ...]:
    """Red, green, blue and opacity."""
    if colour.startswith("#"):
        return (*(int(colour[at : at + 2], 16) for at in (1, 3, 5)), 1.0)
    return tuple(float(it) for it in re.findall(r"[\d.]+", colour))


def luminance(colour: tuple[float, ...]) -> float:
    shares = [it / 255 for it in colour[:3]]
    linear = [it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colours: dict[str, str], written: str, *layers: str) -> float:
    ground = channels(colours[layers[0]])
    for name in layers[1:]:
        above = channels(colours[name])
        mixed = (a * above[3] + b * (1 - above[3]) for a, b in zip(above, ground, strict=True))
        ground = tuple(mixed)
    pair = sorted((luminance(channels(colours[written])), luminance(ground)))
    return (pair[1] + 0.05) / (pair[0] + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("pair", WRITTEN, ids=" on ".join)
def test_text_is_told_from_what_it_stands_on(theme, pair):
    assert contrast(themes()[theme], *pair) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["panel", "raised"])
def test_the_edge_of_a_field_is_seen(theme, ground):
    assert contrast(themes()[theme], "edge", ground) >= 2.7
