"""The house of the design: which room may import which, and what every file has."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src/cadenza"
FILES = sorted(SOURCE.rglob("*.py"))
LONG = 600
LONG_FILES = {"trading/matching/engine.py": "one class: the engine"}
"""Files of more lines than that, each with the reason why it is one file."""

ENGINE = {"protocol", "models", "realtime"}
BELOW = {
    "protocol": set(),
    "models": {"protocol"},
    "realtime": {"protocol", "models"},
    "config": ENGINE,
    "server": ENGINE | {"config"},
    "market": {"protocol", "models"},
    "trading": {"protocol", "models", "market"},
    "client": {"protocol", "models"},
    "gateway": ENGINE | {"config", "server", "market", "trading"},
    "dashboard": ENGINE | {"config", "server", "market", "trading", "client", "gateway"},
    "cli": ENGINE | {"config", "server", "market", "trading", "client", "gateway", "dashboard"},
}
"""The rooms, and those that stand below each."""

FOREIGN = {
    "protocol": {"asyncio", "socket", "time", "uvicorn", "starlette", "jwt", "httptools", "redis"},
    "models": {"asyncio", "socket", "time", "uvicorn", "starlette", "jwt", "httptools", "redis"},
    "realtime": {"uvicorn", "starlette", "httptools", "jwt"},
    "market": {"uvicorn", "starlette", "httptools", "jwt", "redis"},
    "client": {"uvicorn", "starlette", "httptools"},
}
"""What never lives in a room."""


def name_of(path):
    return str(path.relative_to(SOURCE))


def imported(path):
    """Absolute names of all modules that a file imports, for type checkers too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module):
    """The room of one of our own modules; ``None`` for the package itself and for others."""
    parts = module.split(".")
    return parts[1] if parts[0] == "cadenza" and len(parts) > 1 and parts[1] in BELOW else None


def test_imports_go_down():
    """A file imports from its own room and from those below it."""
    wrong = []
    for path in FILES:
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        # The package itself offers the SDK, and imports it when it is asked for it.
        allowed = BELOW.get(room, {"client"} if room == "__init__" else set()) | {room}
        others = {found for module in imported(path) if (found := room_of(module))}
        if others - allowed:
            wrong.append((name_of(path), others - allowed))
    assert wrong == []


def test_rooms_keep_out_what_does_not_belong():
    """Wire and payloads know no sockets and no clocks; the engine knows no HTTP."""
    wrong = []
    for path in FILES:
        foreign = FOREIGN.get(path.relative_to(SOURCE).parts[0], set())
        found = {module.split(".")[0] for module in imported(path)} & foreign
        if found:
            wrong.append((name_of(path), found))
    assert wrong == []


def test_every_folder_is_a_known_room():
    """A new room needs a place in the list."""
    folders = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    assert folders <= set(BELOW)


def test_every_module_says_what_it_is():
    """A docstring whose first line is a sentence."""
    texts = {name_of(path): ast.get_docstring(ast.parse(path.read_text())) for path in FILES}
    ends = (".", "``", ":")
    wrong = [name for name, text in texts.items() if not _is_sentence(text, ends)]
    assert wrong == []


def _is_sentence(text, ends):
    return bool(text) and text.split("\n\n")[0].rstrip().endswith(ends)


def test_long_files_are_known():
    """A class is never cut to make files short, and a long file has a reason."""
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in FILES}
    assert {name for name, length in lengths.items() if length > LONG} == set(LONG_FILES)


def test_the_package_is_typed():
    """Type checkers of users read our annotations."""
    assert (SOURCE / "py.typed").is_file()


@pytest.mark.parametrize(
    "module",
    [
        "cadenza",
        "cadenza.protocol",
        "cadenza.models",
        "cadenza.realtime",
        "cadenza.client",
        "cadenza.cli",
    ],
)
def test_a_plain_install_is_enough(module):
    """These load without anything of the ``server`` extra."""
    extra = {"uvicorn", "starlette", "redis", "jwt", "httptools", "yaml", "prometheus_client"}
    extra |= {"sortedcontainers", "uvloop", "cryptography"}
    script = f"import sys, {module}; print(*{extra!r} & set(sys.modules))"
    command = [sys.executable, "-c", script]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


PUBLIC = {
    "cadenza.realtime": [
        "Access",
        "ChannelOptions",
        "ChannelRules",
        "ClientOptions",
        "Clock",
        "CommandError",
        "ConnectClaims",
        "ConnectEvent",
        "ConnectReply",
        "Connection",
        "Disconnect",
        "Disconnected",
        "ErrorCode",
        "Handlers",
        "HistoryFilter",
        "LoopClock",
        "Namespace",
        "Node",
        "Override",
        "Page",
        "PublishEvent",
        "PublishReply",
        "RPCEvent",
        "RefreshEvent",
        "StreamPosition",
        "SubscribeClaims",
        "SubscribeEvent",
        "SubscribeReply",
        "SubscriptionGrant",
        "TokenError",
        "TokenExpired",
        "TokenInvalid",
        "TokenVerifier",
        "Unsubscribe",
        "VirtualClock",
    ],
}
"""Names that programs rely on: taking one away needs a new major version."""


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_stay(module):
    """Every pinned name is there, and ``__all__`` is true and in order."""
    found = importlib.import_module(module)
    assert set(PUBLIC[module]) <= set(found.__all__)
    assert all(hasattr(found, name) for name in found.__all__)
    assert sorted(set(found.__all__)) == sorted(found.__all__)


def test_every_room_with_all_keeps_its_promise():
    """``__all__`` names nothing that is not there."""
    for path in FILES:
        if path.name == "__init__.py" and "__all__" in path.read_text():
            parts = path.parent.relative_to(SOURCE.parent).parts
            module = importlib.import_module(".".join(parts))
            assert [name for name in module.__all__ if not hasattr(module, name)] == []
