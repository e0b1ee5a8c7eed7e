"""Fossil patches: what is made leads back to the target, and nothing else is accepted."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.protocol.delta import apply, checksum, create, create_text
from cadenza.protocol.errors import DeltaError


def edited(base, edits):
    """A base after a few cuts and insertions."""
    target = base
    for place, cut, new in edits:
        at = place % (len(target) + 1)
        target = target[:at] + new + target[at + cut :]
    return target


def pairs(piece, joined):
    """A source and a target that is similar to it, or unrelated, or the same in parts."""
    bases = st.lists(piece, max_size=30).map(joined)
    edits = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 40), piece), max_size=5)
    similar = st.builds(lambda base, edits: (base, edited(base, edits)), bases, edits)
    moved = st.builds(lambda a, b, c: (a + b + c, c + a + a + b), bases, bases, bases)
    return st.one_of(similar, moved, st.tuples(bases, bases))


BYTES = pairs(st.binary(max_size=30) | st.sampled_from([b"ab" * 20, b"\x00" * 40]), b"".join)
TEXTS = pairs(st.text("aé€😀\u0301", max_size=30) | st.text(max_size=10), "".join)


def book(seed, *, levels=90, changed=0):
    """A book update as JSON; a few of its quantities differ from those of the bare seed."""
    chance = random.Random(seed)
    rows = [[f"{60000 + i * 0.5:.2f}", f"{chance.random() * 3:.3f}"] for i in range(2 * levels)]
    for row in chance.sample(rows, changed):
        row[1] = f"{chance.random() * 3:.3f}"
    return json.dumps(
        {"bids": rows[:levels], "asks": rows[levels:]}, separators=(",", ":")
    ).encode()


@given(BYTES)
@settings(max_examples=300, deadline=None)
def test_a_patch_makes_its_target_of_its_source(pair):
    source, target = pair
    assert apply(source, create(source, target)) == target


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_a_text_patch_is_text_and_makes_its_target(pair):
    source, target = (text.encode() for text in pair)
    patch = create_text(source, target)
    assert patch is not None
    assert apply(source, patch.decode().encode()) == target


@given(st.one_of(BYTES, TEXTS.map(lambda pair: (pair[0].encode(), pair[1].encode()))))
@settings(max_examples=200, deadline=None)
def test_an_independent_decoder_agrees(wire, pair):
    source, target = pair
    assert wire.apply_fossil_delta(source, create(source, target)) == target
    text = create_text(source, target)
    assert text is None or wire.apply_fossil_delta(source, text) == target


@given(BYTES)
@settings(max_examples=100, deadline=None)
def test_the_published_python_client_agrees(pair):
    fossil = pytest.importorskip("centrifuge.fossil")
    source, target = pair
    assert bytes(fossil.apply_delta(source, create(source, target))) == target


@given(st.binary(max_size=200))
def test_the_checksum_is_the_sum_of_the_words(data):
    padded = data + bytes(-len(data) % 4)
    words = [int.from_bytes(padded[at : at + 4], "big") for at in range(0, len(padded), 4)]
    assert checksum(data) == sum(words) % 2**32


def test_the_checksum_of_several_chunks_wraps_around():
    data = b"\xff" * 200_001
    assert checksum(data) == (50_000 * 0xFFFFFFFF + 0xFF000000) % 2**32


@pytest.mark.parametrize(
    ("source", "target", "patch"),
    [
        (b"", b"", b"0\n0;"),
        (b"", b"abcd", b"4\n4:abcd1XObD_;"),
        (b"a" * 16, b"a" * 16, b"G\nG:" + b"a" * 16 + b"25XOM4;"),
        (b"a" * 20, b"a" * 20, b"K\nK@0,3bujRa;"),
        (b"a" * 16 + b"b" * 4, b"a" * 20, b"K\nG@0,4:aaaa3bujRa;"),
    ],
)
def test_known_patches(source, target, patch):
    """A base of up to 16 bytes gives one literal."""
    assert create(source, target) == patch
    assert apply(source, patch) == target


@pytest.mark.parametrize("changed", [1, 3, 10])
def test_a_few_changed_levels_make_a_small_patch(changed):
    source, target = book(1), book(1, changed=changed)
    assert len(target) > 3500
    assert len(create(source, target)) < 25 + 20 * changed


def test_inserted_removed_and_moved_levels_make_a_small_patch():
    source = book(1)
    rows = json.loads(source)
    del rows["bids"][7]
    rows["bids"].insert(40, ["12345.67", "8.901"])
    rows["asks"] = rows["asks"][50:] + rows["asks"][:50]
    target = json.dumps(rows, separators=(",", ":")).encode()
    patch = create(source, target)
    assert apply(source, patch) == target
    assert len(patch) < 120


def test_books_with_every_quantity_changed_share_their_prices():
    patch = create(book(1), book(2))
    assert apply(book(1), patch) == book(2)
    assert len(patch) < 0.65 * len(book(2))


def test_a_character_that_differs_in_its_last_byte_is_sent_whole():
    source = ("x" * 20 + "é" + "y" * 20).encode()
    target = ("x" * 20 + "è" + "y" * 20).encode()
    with pytest.raises(UnicodeDecodeError):
        create(source, target).decode()
    patch = create_text(source, target)
    assert patch is not None
    assert "è" in patch.decode()
    assert apply(source, patch) == target


@pytest.mark.parametrize("target", [b"\xff" * 30, b"a" * 30 + b"\xc3"])
def test_a_target_that_is_not_text_has_no_text_patch(target):
    assert create_text(b"a" * 30, target) is None


SOURCE = b"The quick brown fox jumps over the lazy dog"


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        (b"", "unterminated"),
        (b"4", "bad number"),
        (b"\n", "bad number"),
        (b"4\n", "unterminated"),
        (b"4;", "unknown command"),
        (b"4\n4:abcd", "unterminated"),
        (b"4\n4:abc", "truncated"),
        (b"4\n4:abcd0;", "bad checksum"),
        (b"4\n3:abc0;", "bad size"),
        (b"4\n5:abcde0;", "bad size"),
        # Refused where it grows too long, before what follows is looked at.
        (b"4\n4:abcd1@0,!", "bad size"),
        (b"4\n4@g,0;", "copy beyond end"),
        (b"4\n4@0", "bad number"),
        (b"4\n4@0:", "unterminated"),
        (b"4\n4\n", "unknown command"),
        (b"4\n4,", "unknown command"),
        (b"4\n4!", "bad number"),
        (b"4\n@0,", "bad number"),
        (b"zzzzz\n0;", "too large"),
        (b"11111111\n0;", "bad number"),
    ],
)
def test_a_broken_patch_is_refused_with_its_reason(patch, reason):
    with pytest.raises(DeltaError) as caught:
        apply(SOURCE, patch)
    assert caught.value.reason == reason


def test_the_target_may_not_be_longer_than_the_limit():
    patch = create(SOURCE, SOURCE)
    assert apply(SOURCE, patch, limit=len(SOURCE)) == SOURCE
    with pytest.raises(DeltaError, match="too large"):
        apply(SOURCE, patch, limit=len(SOURCE) - 1)


def test_a_patch_of_another_source_is_refused():
    patch = create(SOURCE, SOURCE + b"!")
    with pytest.raises(DeltaError) as caught:
        apply(SOURCE.replace(b"fox", b"cat"), patch)
    assert caught.value.reason == "bad checksum"


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_a_changed_patch_is_refused_or_makes_a_target_within_the_limit(data):
    source, target = data.draw(BYTES)
    patch = bytearray(create(source, target))
    for at, byte in data.draw(
        st.lists(
            st.tuples(st.integers(0), st.sampled_from(b"09AZ~@,:;\n\x00\xff")),
            min_size=1,
            max_size=4,
        )
    ):
        patch[at % len(patch)] = byte
    try:
        made = apply(source, bytes(patch), limit=10_000)
    except DeltaError:
        return
    assert len(made) <= 10_000


@given(BYTES)
@settings(max_examples=50, deadline=None)
def test_a_cut_off_patch_is_refused(pair):
    source, target = pair
    patch = create(source, target)
    for length in range(0, len(patch), 1 + len(patch) // 50):
        with pytest.raises(DeltaError):
            apply(source, patch[:length])
