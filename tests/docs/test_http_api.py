"""The curl examples of the HTTP API's page, run in order against a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from websockets.sync.client import connect

from cadenza.server.api.methods import REQUESTS

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n(.+?)```\n\n```json\n(.+?)\n```", PAGE, re.DOTALL)
CONFIG = yaml.safe_load(re.search(r"```yaml\n(.+?)```", PAGE, re.DOTALL)[1])
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def shape(value):
    """An answer without the values that differ from run to run."""
    if isinstance(value, dict):
        return {UUID.sub("UUID", key): shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")
def test_every_example_answers_as_shown(server, token):
    with connect(server.ws) as ann:
        ann.send(json.dumps({"id": 1, "connect": {"token": token("ann")}}))
        ann.send('{"id":2,"subscribe":{"channel":"chat:room"}}')
        replies = []
        while len(replies) < 2:  # they may share a frame
            replies += [json.loads(line) for line in str(ann.recv(timeout=10)).split("\n")]
        assert [reply["id"] for reply in replies] == [1, 2]
        for command, expected in EXAMPLES:
            done = subprocess.run(
                ["bash", "-ec", command.replace("http://127.0.0.1:8000", server.url)],
                env=os.environ | {"CADENZA_API_KEY": CONFIG["http_api"]["key"]},
                capture_output=True,
                text=True,
                timeout=20,
                check=True,
            )
            assert shape(json.loads(done.stdout)) == shape(json.loads(expected)), command


def test_every_method_has_an_example():
    shown = {re.search(r"/api/(\w+)", command)[1] for command, _ in EXAMPLES if "/api/" in command}
    assert shown == {*REQUESTS, "batch"}
    assert all(f"\n## {method}\n" in PAGE for method in shown)
