"""The house of the design: which room may import which, and what every file has.

Each rule is one case over all files, and fails with the list of what is wrong.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
import subprocess
import sys
from collections import Counter, defaultdict
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

STAIRS = {
    "trading": (
        *("ids", "errors", "order_status", "matching", "mirrored", "ledger", "accounts"),
        *("orders", "store", "exchange", "participants", "tape", "venue"),
    ),
    "market": ("simulation", "feeds"),
    "client": ("market", "trading", "websocket_api", "client"),
    "gateway": (
        *("channels", "feeds", "outlet", "api", "market", "trading", "faults", "operate"),
        *("operations", "gateway"),
    ),
}
"""Folders and files inside a room, the lowest first: none imports one that comes after it."""

FOREIGN = {
    "protocol": {"asyncio", "socket", "time", "uvicorn", "starlette", "jwt", "httptools", "redis"},
    "models": {"asyncio", "socket", "time", "uvicorn", "starlette", "jwt", "httptools", "redis"},
    "realtime": {"uvicorn", "starlette", "httptools", "jwt"},
    "market": {"uvicorn", "starlette", "httptools", "jwt", "redis"},
    "client": {"uvicorn", "starlette", "httptools"},
}
"""What never lives in a room."""

NOUNS = {
    "clearing": "what is done when a trade is settled",
    "encoding": "what a payload is encoded in",
    "feed": "no participle",
    "listing": "a list that is shown to operators",
    "matching": "what an engine does, as traders call it",
    "mirrored": "the engine over a mirrored book",
    "recording": "a recorded day",
    "routing": "where a client's messages go",
    "signing": "the making of signatures",
    "simulated": "the feed of that name in the configuration",
    "trading": "the room",
    "unserved": "operations that are known and not served",
    "unsupported": "options that are known and not supported",
    "blocking": "the API that blocks, beside the asynchronous one",
}
"""Names of files and folders that end like a participle, and what they hold all the same."""

PREFIXES = {
    ("client/trading", "account"): "the account, its copy and its callbacks: the room itself",
    ("client/trading", "order"): "the order, how it is asked for and commanded: the room itself",
    ("gateway/operations", "account"): "operations, each file a group of them",
    ("config", "rules"): "one rule book in three chapters, in a flat room",
    ("protocol", "protobuf"): "four parts of one codec, beside one file of the other codec",
}
"""Prefixes of three files or more that are no folder."""

SLICES = {
    "MarketChannels": "what the client does in one room: mixed into it",
    "TradingChannels": "what the client does in one room: mixed into it",
}
"""Classes with one subclass that nobody makes, and why they are no slice of it."""


def name_of(path):
    return str(path.relative_to(SOURCE))


def none(wrong):
    """Fail with the whole list: pytest would show the first one."""
    lines = [": ".join(it) if isinstance(it, tuple) else str(it) for it in wrong]
    assert not lines, "\n".join(["", *sorted(lines)])


def same(found, known):
    """The same names as in one of the lists above."""
    lists = [f"{it}: not in the list" for it in set(found) - set(known)]
    none(lists + [f"{it}: in the list for nothing" for it in set(known) - set(found)])


@functools.cache
def text_of(path):
    return path.read_text()


@functools.cache
def tree_of(path):
    return ast.parse(text_of(path))


@functools.cache
def nodes_of(path):
    """Everything in a file, in no order that matters."""
    return list(ast.walk(tree_of(path)))


def every(*kinds):
    """Nodes of these kinds in all files, each after the name of its file."""
    return ((name_of(it), node) for it in FILES for node in nodes_of(it) if isinstance(node, kinds))


@functools.cache
def imported(path):
    """Absolute names of all modules that a file imports, for type checkers too."""
    found = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


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
        wrong += [(name_of(path), other) for other in others - allowed]
    none(wrong)


def test_imports_inside_a_room_go_down():
    """A folder knows those below it in its room, and not those above it."""
    wrong = []
    for room, stairs in STAIRS.items():
        for path in (SOURCE / room).rglob("*.py"):
            place = path.relative_to(SOURCE / room).parts[0].removesuffix(".py")
            if place in stairs:
                above = stairs[stairs.index(place) + 1 :]
                starts = tuple(f"cadenza.{room}.{step}." for step in above)
                found = [it for it in imported(path) if f"{it}.".startswith(starts)]
                wrong += [(name_of(path), it) for it in found]
    none(wrong)


def test_stairs_are_there():
    """Every step inside a room is a folder or a file of it."""
    steps = {SOURCE / room / step for room, stairs in STAIRS.items() for step in stairs}
    none([it for it in steps if not it.is_dir() and not it.with_suffix(".py").exists()])


def test_rooms_keep_out_what_does_not_belong():
    """Wire and payloads know no sockets and no clocks; the engine knows no HTTP."""
    wrong = []
    for path in FILES:
        foreign = FOREIGN.get(path.relative_to(SOURCE).parts[0], set())
        found = {module.split(".")[0] for module in imported(path)} & foreign
        wrong += [(name_of(path), module) for module in found]
    none(wrong)


def test_every_folder_is_a_known_room():
    """A new room needs a place in the list."""
    folders = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    assert folders <= set(BELOW)


def test_names_are_nouns():
    """A file and a folder are called what they hold, not what they do."""
    paths = [path.relative_to(SOURCE).with_suffix("") for path in FILES]
    ends = {(part.split("_")[-1], str(path)) for path in paths for part in path.parts}
    doing = [(word, path) for word, path in ends if word.endswith(("ing", "ed"))]
    none([path for word, path in doing if word not in NOUNS])
    same([word for word, _ in doing], NOUNS)


def test_three_files_with_one_prefix_are_a_folder():
    """``order``, ``order_book`` and ``order_status`` side by side hide a notion."""
    counts = Counter(
        (str(path.parent.relative_to(SOURCE)), path.stem.split("_")[0])
        for path in FILES
        if path.stem.strip("_") == path.stem
    )
    same([place for place, count in counts.items() if count >= 3], PREFIXES)


def test_no_class_is_cut():
    """A class with one subclass that nobody makes is a slice of that subclass.

    A protocol is made by nobody, a structure by its decoder.
    """
    classes = list(every(ast.ClassDef))
    bases, subclasses = defaultdict(set), defaultdict(set)
    for name, node in classes:
        for base in map(_last_name, node.bases):
            bases[node.name].add(base)
            subclasses[base].add((name, node.name))
    made = {_last_name(node.func) for _, node in every(ast.Call)}
    slices = [
        (name, node.name)
        for name, node in classes
        if len(subclasses[node.name]) == 1
        and node.name not in made
        and not _roots(node.name, bases) & MADE_AWAY
    ]
    none([it for it in slices if it[1] not in SLICES])
    same([it for _, it in slices], SLICES)


MADE_AWAY = {"Protocol", "Struct"}


def _last_name(node):
    """The last part of a dotted name, without what stands in brackets after it."""
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return getattr(node, "id", getattr(node, "attr", ""))


def _roots(name, bases):
    """The names of all classes above one, or of those that share its name."""
    above = bases.get(name, set())
    return above.union(*(_roots(base, bases) for base in above))


def test_every_module_says_what_it_is():
    """A docstring whose first line is a sentence."""
    texts = {name_of(path): ast.get_docstring(tree_of(path)) for path in FILES}
    ends = (".", "``", ":")
    none([name for name, text in texts.items() if not _is_sentence(text, ends)])


def _is_sentence(text, ends):
    return bool(text) and text.split("\n\n")[0].rstrip().endswith(ends)


def test_constants_are_final():
    """A type checker sees to it that a constant stays one."""
    wrong = []
    for path in FILES:
        for node in tree_of(path).body:
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            names = [it.id for it in targets if isinstance(it, ast.Name)]
            is_constant = any(map(CONSTANT.fullmatch, names)) and not _is_type(node)
            if is_constant and not _is_final(node):
                wrong.append((name_of(path), f"line {node.lineno}: {', '.join(names)}"))
    none(wrong)


def _is_type(node):
    """Whether it gives a name to a type, as ``RPC = Callable[[str], bytes]``."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)


def _is_final(node):
    return isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation).startswith("Final")


CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]+")


def test_loggers_are_named_after_their_room():
    """``logger`` everywhere, and an operator can silence a room by its name."""
    wrong = []
    for path in FILES:
        room = path.relative_to(SOURCE).parts[0]
        line = re.compile(rf'logger: Final = logging\.getLogger\("cadenza\.{room}(\.\w+)*"\)')
        made = [it for it in text_of(path).splitlines() if it[:1].strip() and "getLogger" in it]
        wrong += [(name_of(path), it) for it in made if not line.fullmatch(it)]
    none(wrong)


def test_what_has_a_docstring_needs_no_dots():
    """The body of a protocol's method is its docstring."""
    functions = every(ast.FunctionDef, ast.AsyncFunctionDef)
    wrong = [
        (name, f"line {node.lineno}: {node.name}")
        for name, node in functions
        if ast.get_docstring(node) and any(map(_is_dots, node.body))
    ]
    none(wrong)


def _is_dots(node):
    return isinstance(node, ast.Expr) and ast.unparse(node) == "..."


def test_long_files_are_known():
    """A class is never cut to make files short, and a long file has a reason."""
    lengths = {name_of(path): len(text_of(path).splitlines()) for path in FILES}
    same([name for name, length in lengths.items() if length > LONG], LONG_FILES)


def test_the_package_is_typed():
    """Type checkers of users read our annotations."""
    assert (SOURCE / "py.typed").is_file()


@pytest.mark.process
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
        if path.name == "__init__.py" and "__all__" in text_of(path):
            parts = path.parent.relative_to(SOURCE.parent).parts
            module = importlib.import_module(".".join(parts))
            assert [name for name in module.__all__ if not hasattr(module, name)] == []
