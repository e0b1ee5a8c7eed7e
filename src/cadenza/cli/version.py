"""``cadenza version``: prints the versions of Cadenza and Python."""

from __future__ import annotations

import platform

import typer

from cadenza import __version__


def version() -> None:
    """Print the versions of Cadenza and of Python."""
    typer.echo(f"cadenza {__version__} (Python {platform.python_version()})")
