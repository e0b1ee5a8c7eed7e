"""What the wire costs: both codecs, book patches, tags filters and channel names, by the call.

Run ``python benchmarks/bench_protocol.py``. Each figure is the best of several rounds in
microseconds of one core; patches also show their size.
"""

from __future__ import annotations

import json
import random
import timeit
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from msgspec import Raw

from cadenza.protocol import delta, json_codec, protobuf_codec
from cadenza.protocol.channel import ChannelGrammar
from cadenza.protocol.messages import Command, FilterNode, Publication, PublishRequest, Push, Reply
from cadenza.protocol.tags_filter import compile_filter

ROUNDS = 5
ROUND_SECONDS = 0.05


def microseconds(call: Callable[[], Any]) -> float:
    """The best of a few rounds, each long enough to be measured."""
    timer = timeit.Timer(call)
    once = max(timer.timeit(3) / 3, 1e-8)
    count = max(1, int(ROUND_SECONDS / once))
    return min(timer.repeat(ROUNDS, count)) / count * 1e6


def show(name: str, call: Callable[[], Any], note: str = "") -> None:
    """One line of the report."""
    print(f"  {name:<44}{microseconds(call):>10.2f} µs  {note}")


def codecs() -> None:
    """A publish command of some 250 bytes, and the push that comes of it."""
    print("codecs")
    data = Raw(json.dumps({"book": "x" * 205}).encode())
    command = Command(id=77, publish=PublishRequest(channel="market:orderBook:1", data=data))
    push = Reply(push=Push(channel="market:orderBook:1", pub=Publication(data=data, offset=12345)))
    for name, codec in (("JSON", json_codec), ("Protobuf", protobuf_codec)):
        sent, received = codec.encode_frame([command]), codec.encode_frame([push])
        commands, replies = codec.decode_commands, codec.decode_replies
        encode = partial(codec.encode_message, push)
        show(f"{name}: decode a publish command", _all(commands, sent), f"{len(sent)} bytes")
        show(f"{name}: encode a publication push", encode)
        show(f"{name}: decode a publication", _all(replies, received), f"{len(received)} bytes")
        show(f"{name}: encode a publish command", partial(codec.encode_message, command))


def _all(decode: Callable[[bytes], Iterator[Any]], frame: bytes) -> Callable[[], list[Any]]:
    return lambda: list(decode(frame))


Rows = list[list[str]]


def book(chance: random.Random, levels: int) -> Rows:
    """Bids and then asks as rows of price and quantity."""
    return [
        [f"{60000 + at * 0.5:.2f}", f"{chance.random() * 3:.3f}"] for at in range(-levels, levels)
    ]


def text(rows: Rows) -> bytes:
    """A book as the JSON that is published."""
    half = len(rows) // 2
    both = {"bids": rows[:half], "asks": rows[half:]}
    return json.dumps(both, separators=(",", ":")).encode()


def changed(rows: Rows, chance: random.Random, quantities: int, levels: int) -> Rows:
    """A book after some quantities changed and some levels came and went."""
    rows = [list(row) for row in rows]
    for row in chance.sample(rows, quantities):
        row[1] = f"{chance.random() * 3:.3f}"
    for _ in range(levels):
        at = chance.randrange(len(rows))
        if chance.random() < 0.5:
            del rows[at]
        else:
            rows.insert(at, [f"{chance.random() * 60000:.2f}", f"{chance.random() * 3:.3f}"])
    return rows


def patches() -> None:
    """Books of 4 KB as they change, and what is worst for the search at 4 and 64 KB."""
    print("patches (create, then apply)")
    chance = random.Random(1)
    rows = book(chance, 90)
    cases = {"the same book": (text(rows), text(rows))}
    for quantities, levels in ((1, 0), (3, 0), (10, 0), (30, 0), (3, 3), (10, 10), (30, 30)):
        name = f"{quantities} quantities, {levels} levels come or gone"
        cases[name] = text(rows), text(changed(rows, chance, quantities, levels))
    cases["all quantities"] = text(rows), text(book(chance, 90))
    cases["bids and asks swapped"] = text(rows), text(rows[90:] + rows[:90])
    cases["all quantities, 64 KB"] = text(book(chance, 1500)), text(book(chance, 1500))
    for size in (4096, 65536):
        cases[f"noise, {size} bytes"] = chance.randbytes(size), chance.randbytes(size)
        cases[f"other hex digits, {size} bytes"] = (
            chance.randbytes(size // 2).hex().encode(),
            chance.randbytes(size // 2).hex().encode(),
        )
    for name, (source, target) in cases.items():
        patch = delta.create(source, target)
        note = f"{len(target)} bytes → {len(patch)}"
        show(name, partial(delta.create, source, target), note)
        show("", partial(delta.apply, source, patch))
    source = text(rows).replace(b"bids", "ціни".encode())
    target = text(changed(rows, chance, 10, 0)).replace(b"bids", "ціни".encode())
    show("10 quantities, create_text, not ASCII", lambda: delta.create_text(source, target))


def names_and_filters() -> None:
    """What runs for every command, and for every publication and filtered subscriber."""
    print("names and filters")
    grammar = ChannelGrammar()
    channel = "market:orderBook:BTC-USD"
    show("namespace of a channel", lambda: grammar.namespace(channel))
    show("users of a channel", lambda: grammar.users("dialog:chat#ann,bob"))
    leaves = [
        FilterNode(key="symbol", cmp="in", vals=["BTC", "ETH"]),
        FilterNode(key="price", cmp="gte", val="100.5"),
    ]
    matches = compile_filter(FilterNode(op="and", nodes=leaves))
    tags = {"symbol": "BTC", "price": "60000.25"}
    show("tags filter of two leaves", lambda: matches(tags))


if __name__ == "__main__":
    codecs()
    patches()
    names_and_filters()
