#!/usr/bin/env python3
"""Fills the generated parts of the documentation: ``python docs/generate.py``.

A page marks such a part with ``<!-- generated: NAME -->`` and ``<!-- /generated -->``; what stands
between them is made from the source. ``--check`` changes nothing and fails when a page is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from generators import api, cli, codes, configuration, http_api, states

FOLDER: Final = Path(__file__).parent
PART: Final = re.compile(
    r"(?P<head><!-- generated: (?P<name>[^>]+?) -->\n).*?(?P<tail><!-- /generated -->)", re.DOTALL
)

MAKERS: Final[dict[str, Callable[..., str]]] = {
    "api": api.reference,
    "channel-options": configuration.channel_options,
    "cli": cli.help_text,
    "disconnects": codes.disconnects,
    "errors": codes.errors,
    "lacking": configuration.lacking,
    "metrics": http_api.metrics,
    "options": configuration.section,
    "request": http_api.request_fields,
    "state-diagram": states.state_diagram,
    "state-meanings": states.state_meanings,
    "state-table": states.state_table,
    "unsubscribes": codes.unsubscribes,
}
"""What makes a part, by the first word of its name; the rest of the name is its argument."""


def make(name: str) -> str:
    """The text of one part."""
    kind, _, argument = name.partition(" ")
    if kind == "api":
        module, _, names = argument.partition(" ")
        return MAKERS[kind](module, names)
    return MAKERS[kind](argument) if argument else MAKERS[kind]()


def filled(page: str) -> str:
    """A page with all its parts made anew."""
    return PART.sub(lambda part: f"{part['head']}{make(part['name'])}\n{part['tail']}", page)


def main(arguments: list[str]) -> int:
    """Fill the pages, or check them."""
    stale = []
    for path in sorted(FOLDER.glob("*.md")):
        page = path.read_text(encoding="utf-8")
        if filled(page) != page:
            stale.append(path)
    if "--check" not in arguments:
        for path in stale:
            path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    for path in stale:
        sys.stdout.write(
            f"docs/{path.name} {'is stale' if '--check' in arguments else 'written'}\n"
        )
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
