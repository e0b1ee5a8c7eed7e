"""The verifier against the recorded decisions of the reference server."""

from __future__ import annotations

import json
from pathlib import Path

import jwt
import pytest

from cadenza.config import load
from cadenza.server.tokens import TokenExpired, TokenInvalid, TokenVerifier

SHARED = Path(__file__).parents[3] / "../shared/conformance"
NOW = 1_800_000_000.5


def scenarios():
    """Single connect attempts of the conformance corpus, with the server's recorded answers."""
    for path in sorted((SHARED / "scenarios").glob("*.json")):
        scenario = json.loads(path.read_text())
        golden = SHARED / "golden" / path.name
        steps = [step for step in scenario["steps"] if "send" in step]
        command = steps[0]["commands"][0] if steps and "commands" in steps[0] else None
        if not (isinstance(command, dict) and "$token" in str(command.get("connect", ""))):
            continue
        spec = command["connect"]["token"]
        if isinstance(spec, dict) and golden.exists():
            index = scenario["steps"].index(steps[0])
            answer = json.loads(golden.read_text())["steps"][index]["events"]
            config = scenario.get("config", "server")
            yield pytest.param(spec, config, answer, id=path.stem)


def filled(value):
    if isinstance(value, dict):
        if "$now" in value:
            return int(NOW) + value["$now"]
        return {key: filled(inner) for key, inner in value.items()}
    return [filled(inner) for inner in value] if isinstance(value, list) else value


def signing_key(spec, settings):
    keys = json.loads((SHARED / "keys.json").read_text())
    algorithm = spec.get("alg", "HS256")
    if algorithm == "none":
        return None
    if algorithm[0] in "RE":
        wrong = "_wrong" if spec.get("key") == "wrong" else ""
        return keys["rsa" if algorithm[0] == "R" else "ecdsa" + wrong]
    section = "subscription_token" if spec.get("key") == "subscription" else "token"
    secret = settings[section]["hmac_secret_key"]
    return secret[::-1] if spec.get("key") == "wrong" else secret


@pytest.mark.parametrize(("spec", "config", "answer"), list(scenarios()))
def test_conformance_scenario_is_decided_as_the_reference_server_did(spec, config, answer):
    """Close 3500 is invalid, error 109 is expired, everything else accepted the token."""
    path = SHARED / f"{config}.json"
    settings = json.loads(path.read_text())["client"]
    algorithm = spec.get("alg", "HS256")
    token = jwt.encode(filled(spec["$token"]), signing_key(spec, settings), algorithm)
    tokens = TokenVerifier(load(path, {})[0].client)
    text = json.dumps(answer)
    if '"code": 3500' in text:
        with pytest.raises(TokenInvalid):
            tokens.connect(token, NOW)
    elif '"code": 109' in text:
        with pytest.raises(TokenExpired):
            tokens.connect(token, NOW)
    else:
        assert tokens.connect(token, NOW).user == spec["$token"].get("sub", "")


def test_conformance_scenarios_were_found():
    """An empty parametrization would pass unnoticed."""
    if not SHARED.exists():
        pytest.skip(f"the conformance corpus is not at {SHARED}")
    assert len(list(scenarios())) > 20
