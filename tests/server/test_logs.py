"""Logs: one JSON object a line, and never a secret in one."""

from __future__ import annotations

import json
import logging

import jwt
import pytest
import websockets

from cadenza.config import LogConfig
from cadenza.server.logs import JsonFormatter, set_up_logs

API_KEY = "unit-test-api-key"
KEY = "unit-test-hmac-key-0123456789abcdef"
NAMES = ("cadenza", "uvicorn")


def close_files():
    for handler in logging.getLogger("cadenza").handlers:
        if isinstance(handler, logging.FileHandler):
            handler.close()


@pytest.fixture
def log_file(tmp_path):
    """Logs of level ``debug`` in a file, and the loggers as they were afterwards."""
    loggers = [logging.getLogger(name) for name in NAMES]
    before = [(log.handlers, log.propagate, log.level) for log in loggers]
    path = tmp_path / "server.log"
    set_up_logs(LogConfig(level="debug", file=str(path)))
    logging.getLogger("uvicorn").setLevel(logging.DEBUG)
    yield path
    close_files()
    for log, (handlers, propagate, level) in zip(loggers, before, strict=True):
        log.handlers, log.propagate = handlers, propagate
        log.setLevel(level)


def test_a_record_is_one_line_of_json():
    """Line breaks of messages and tracebacks stay inside the object."""
    try:
        int("two\nlines")
    except ValueError:
        record = logging.getLogger("cadenza").makeRecord(
            "cadenza.x", logging.ERROR, "f", 1, "a\n%s", ("ü",), __import__("sys").exc_info()
        )
    text = JsonFormatter().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert line["message"] == "a\nü"
    assert (line["level"], line["logger"]) == ("error", "cadenza.x")
    assert isinstance(line["time"], int)
    assert "ValueError" in line["error"]


async def test_no_secret_in_logs_or_answers(serve, dial, web, token, log_file):
    """A session with tokens in every place, good and bad, leaves none of them behind."""
    running = await serve(websocket={"require_authorization": False})
    secrets = [KEY, API_KEY, "WRONG-API-KEY"]
    answers = []

    def remember(text):
        secrets.append(text)
        return text

    def bad():
        return remember(jwt.encode({"sub": "eve", "n": len(secrets)}, "x" * 32, "HS256"))

    for good in (True, False):
        made = remember(token("ann", n=len(secrets))) if good else bad()
        client = await dial(running)
        await client.send({"id": 1, "connect": {"token": made}})
        if good:
            await client.receive()
            subscribe = {"channel": "$private", "token": bad()}
            await client.send(
                {"id": 2, "subscribe": subscribe}, {"id": 3, "refresh": {"token": bad()}}
            )
            await client.receive()
        else:
            await client.end()
    expired = remember(token("ann", exp=1))
    client = await dial(running)
    await client.send({"id": 1, "connect": {"token": expired}})
    answers.append(json.dumps(await client.receive()))
    for made in (bad(), expired, remember("not-a-token-but-secret")):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await dial(running, additional_headers={"Authorization": f"Bearer {made}"})
        answers.append(refused.value.response.body.decode())
    for kind in ("http_stream", "sse", "uni_sse", "uni_http_stream"):
        body = {"token": bad()} if "uni" in kind else {"id": 1, "connect": {"token": bad()}}
        response = await web.post(f"{running.http}/connection/{kind}", json=body)
        answers.append(response.text)
        params = {"cf_connect": json.dumps(body)}
        response = await web.get(f"{running.http}/connection/{kind}", params=params)
        answers.append(response.text)
    for headers, params in (
        ({"X-API-Key": "WRONG-API-KEY"}, {}),
        ({"Authorization": "apikey WRONG-API-KEY"}, {}),
        ({}, {"api_key": "WRONG-API-KEY"}),
        ({}, {"api_key": API_KEY}),
    ):
        url = f"{running.http}/api/publish"
        body = {"channel": 5, "data": remember("payload-nobody-logs")}
        response = await web.post(url, json=body, headers=headers, params=params)
        answers.append(response.text)
    await web.get(f"{running.http}/connection/websocket", params={"token": bad()})
    log = log_file.read_text()
    assert log
    assert all(json.loads(line)["level"] for line in log.splitlines())
    for secret in secrets:
        assert secret not in log
        assert all(secret not in answer for answer in answers)


@pytest.mark.parametrize(
    ("level", "expected"),
    [("none", 0), ("fatal", 0), ("error", 1), ("warn", 2), ("info", 3), ("debug", 4), ("trace", 4)],
)
def test_levels(log_file, level, expected):
    """Each level lets through what is as grave, or graver."""
    close_files()
    set_up_logs(LogConfig(level=level, file=str(log_file)))
    log = logging.getLogger("cadenza.test")
    for method in (log.debug, log.info, log.warning, log.error):
        method("x")
    assert len(log_file.read_text().splitlines()) == expected
