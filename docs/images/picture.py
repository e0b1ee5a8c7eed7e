#!/usr/bin/env python3
"""Makes ``session.svg`` from a real run: ``make serve``, a subscriber and an order beside it.

Run it from the repository's root, with port 8000 free. Lines are cut at the picture's edge, as a
terminal that does not wrap would; nothing else is changed.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

from rich.console import Console
from rich.text import Text

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
WIDTH: Final = 96
UPDATES: Final = 6
# The environment is there already: the recipe alone is run.
SERVE: Final = ["make", "--silent", "--old-file=.venv/.serve", "serve"]


def main() -> None:
    """Run both programs and draw what they print."""
    served = subprocess.Popen(  # noqa: S603 - the repository's own chore
        SERVE, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        said = _until(served.stdout, "http_api.key into")
        token = re.findall(r"eyJ[\w.-]+", "".join(said))[0]
        followed = _example("local_book.py", token, "PAPER:BTC/USDT", str(UPDATES))
        ordered = _example("paper_order.py", token)
    finally:
        served.terminate()
        served.wait()
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    _prompt(console, "make serve")
    _lines(console, [line.rstrip() for line in said])
    _prompt(console, "export CADENZA_TOKEN=eyJhbGci...")
    _prompt(console, "python examples/local_book.py PAPER:BTC/USDT")
    _lines(console, followed)
    _prompt(console, "python examples/paper_order.py")
    _lines(console, ordered)
    # Without the web fonts: a picture that fetches nothing.
    svg = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="cadenza"), flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", "monospace")
    (HERE / "session.svg").write_text("".join(f"{line.rstrip()}\n" for line in svg.splitlines()))


def _example(name: str, token: str, *arguments: str) -> list[str]:
    """What one of the repository's own examples prints."""
    return subprocess.run(  # noqa: S603 - see above
        [sys.executable, f"examples/{name}", *arguments],
        cwd=ROOT,
        env=os.environ | {"CADENZA_TOKEN": token},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


def _until(stream: IO[str] | None, begin: str) -> list[str]:
    lines: list[str] = []
    for line in stream or ():
        lines.append(line)
        if line.startswith(begin):
            break
    return lines


def _prompt(console: Console, command: str) -> None:
    console.print(Text("$ ", "bold green") + Text(command, "bold"))


def _lines(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(Text(line), no_wrap=True, overflow="ellipsis", crop=True)


if __name__ == "__main__":
    main()
