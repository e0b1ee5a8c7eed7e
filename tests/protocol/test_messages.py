"""The structs of the protocol as such."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from msgspec import Raw

from cadenza.protocol import messages as m
from cadenza.protocol.protobuf_fields import FIELDS


def test_payload_wraps_bytes_and_knows_that_nothing_is_no_payload():
    assert m.payload(b"null") == Raw(b"null")
    assert m.payload(b"") is m.ABSENT
    assert m.payload(None) is m.ABSENT


@pytest.mark.parametrize("struct", FIELDS, ids=lambda struct: struct.__name__)
def test_required_fields_are_exactly_those_that_json_always_shows(struct):
    """The list of section 1.2."""
    always = {
        m.ClientInfo: ["user", "client"],
        m.PresenceResult: ["presence"],
        m.PresenceStatsResult: ["num_clients", "num_users"],
        m.HistoryResult: ["publications", "epoch", "offset"],
    }
    required = [field.name for field in msgspec.structs.fields(struct) if field.required]
    assert required == always.get(struct, [])


def test_two_messages_do_not_share_their_containers():
    first, second = m.Publication(), m.Publication()
    first.tags["a"] = "b"
    assert second.tags == {}


@pytest.mark.process
def test_importing_the_package_loads_none_of_its_modules():
    code = (
        "import sys, cadenza.protocol;"
        "print([n for n in sys.modules if n.startswith('cadenza.protocol.')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "[]"
