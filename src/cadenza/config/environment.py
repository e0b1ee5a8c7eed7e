"""Options from environment variables: ``CADENZA_...``, and ``CENTRIFUGO_...``, which yield to them.

The name is the option's path in capitals with ``_`` between its parts:
``CADENZA_CLIENT_TOKEN_HMAC_SECRET_KEY``. Lists are words with spaces between them; lists of
sections (``CADENZA_CHANNEL_NAMESPACES``) are JSON. ``CADENZA_CHANNEL_NAMESPACES_NEWS_PRESENCE``
sets an option of the namespace ``news`` of the file. An empty variable counts as not set.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cadenza.config.formats import lowered
from cadenza.config.names import supported, unsupported
from cadenza.config.report import Report

PREFIXES: Final = ("CENTRIFUGO_", "CADENZA_")
RESERVED: Final = frozenset(
    {
        "CADENZA_CONFIG",
        # Those of the commands that talk to a server:
        "CADENZA_API_KEY",
        "CADENZA_CONFIG_FILE",
        "CADENZA_PROFILE",
        "CADENZA_TOKEN",
        "CADENZA_URL",
    }
)
"""Variables with a meaning of their own, which are not options."""

_NAMESPACES: Final = "channel.namespaces"
# Kubernetes adds these to a container for every service, also for one named like the program.
_KUBERNETES: Final = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$")
_KUBERNETES_ADDRESS: Final = re.compile(r"(tcp|udp|sctp)://")

Tree = dict[str, Any]


def variable(path: str, prefix: str = "CADENZA_") -> str:
    """The name of an option's variable: ``CADENZA_HTTP_SERVER_PORT`` for ``http_server.port``."""
    return prefix + path.replace(".", "_").upper()


def put(tree: Tree, path: str, value: object) -> None:
    """Set an option in a tree, making sections on the way; a wrong tree is left to ``build``."""
    *sections, name = path.split(".")
    place: Any = tree
    for section in sections:
        place = place.setdefault(section, {})
        if not isinstance(place, dict):
            return
    place[name] = value


def apply(environ: Mapping[str, str], tree: Tree, sources: dict[str, str], report: Report) -> None:
    """Put the options of the environment into ``tree`` and note where they came from.

    Unknown names become an error (``CADENZA_``) or a warning (``CENTRIFUGO_``).
    """
    known = {
        variable(path, ""): path for path in (*supported(), *unsupported()) if "[]" not in path
    }
    for prefix in PREFIXES:
        given = _given(environ, prefix)
        for name in sorted(given.keys() & known.keys()):
            sources[known[name]] = prefix + name
            _apply_one(known[name], given.pop(name), tree, report)
        for name, path in _namespace_options(tree):
            if name in given:
                _put_item(tree, path, given.pop(name))
                sources[path] = prefix + name
        _unknown(given, prefix, {*known, *(name for name, _ in _namespace_options(tree))}, report)


def _options() -> tuple[str, ...]:
    """Every known option by path, those that only Centrifugo has too: both can be set."""
    return (*supported(), *unsupported())


def _given(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): value
        for name, value in environ.items()
        if name.startswith(prefix) and name not in RESERVED and value
    }


def _apply_one(path: str, value: str, tree: Tree, report: Report) -> None:
    if path != _NAMESPACES:
        put(tree, path, value)
        return
    try:
        put(tree, path, lowered(json.loads(value)))
    except ValueError as error:
        report.error(path, f"must be a list in JSON: {error}")


def _namespace_options(tree: Tree) -> Iterator[tuple[str, str]]:
    """Variable names (without prefix) and paths of the options of the namespaces in ``tree``."""
    channel = tree.get("channel")
    spaces = channel.get("namespaces") if isinstance(channel, dict) else None
    prefix = f"{_NAMESPACES}[]."
    options = [path.removeprefix(prefix) for path in _options() if path.startswith(prefix)]
    for index, space in enumerate(spaces if isinstance(spaces, list) else ()):
        name = space.get("name") if isinstance(space, dict) else None
        if not isinstance(name, str):
            continue
        start = variable(f"{_NAMESPACES}.{re.sub('[.-]', '_', name)}", "")
        for option in options:
            yield f"{start}_{variable(option, '')}", f"{_NAMESPACES}[{index}].{option}"


def _put_item(tree: Tree, path: str, value: str) -> None:
    index, _, option = path.removeprefix(f"{_NAMESPACES}[").partition("].")
    put(tree["channel"]["namespaces"][int(index)], option, value)


def _unknown(given: Mapping[str, str], prefix: str, known: set[str], report: Report) -> None:
    for name, value in sorted(given.items()):
        if name.startswith("VAR_") or _is_from_kubernetes(name, value):
            continue
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        hint = f"; did you mean {prefix}{close[0]}?" if close else ""
        note = report.error if prefix == "CADENZA_" else report.warn
        note(prefix + name, f"no option has this variable{hint}")


def _is_from_kubernetes(name: str, value: str) -> bool:
    return bool(
        _KUBERNETES.search(f"_{name}")
        or (f"_{name}".endswith("_PORT") and _KUBERNETES_ADDRESS.match(value))
    )
