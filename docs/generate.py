#!/usr/bin/env python3
"""Fills the generated parts of the documentation: ``python docs/generate.py``.

A page marks such a part with ``<!-- generated: NAME -->`` and ``<!-- /generated -->``; what stands
between them is made from the source. The files of ``FILES`` are made from it altogether.
``--check`` changes nothing and fails when a page is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from generators import api, cli, codes, configuration, http_api, operations, states, trading

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
    "exit-codes": cli.exit_codes,
    "journal-states": trading.journal_states,
    "lacking": configuration.lacking,
    "metrics": http_api.metrics,
    "operation-errors": operations.errors,
    "operations": operations.served,
    "operations-not-served": operations.not_served,
    "options": configuration.section,
    "order-ends": trading.order_ends,
    "order-life": trading.order_life,
    "order-shapes": trading.order_shapes,
    "request": http_api.request_fields,
    "state-diagram": states.state_diagram,
    "state-meanings": states.state_meanings,
    "state-table": states.state_table,
    "unsubscribes": codes.unsubscribes,
}
"""What makes a part, by the first word of its name; the rest of the name is its argument."""

FILES: Final[dict[str, Callable[[], str]]] = {
    "asyncapi.json": operations.asyncapi_text,
    "openapi.json": operations.openapi_text,
}
"""What makes a whole file."""


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


def wanted() -> dict[Path, str]:
    """Every generated file, as it should be."""
    pages = {path: filled(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.md")}
    return {**pages, **{FOLDER / name: maker() for name, maker in FILES.items()}}


def main(arguments: list[str]) -> int:
    """Fill the pages, or check them."""
    stale = {
        path: text
        for path, text in sorted(wanted().items())
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    is_check = "--check" in arguments
    for path, text in stale.items():
        if not is_check:
            path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/{path.name} {'is stale' if is_check else 'written'}\n")
    return 1 if stale and is_check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
