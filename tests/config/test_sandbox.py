"""The configuration without a file."""

from __future__ import annotations

import itertools

from cadenza.config import dump, load_tree, sandbox


def test_sandbox_takes_its_keys_from_the_random_source():
    """The same source, the same sandbox; two keys that differ."""
    numbers = itertools.count()
    config = sandbox(lambda size: f"{next(numbers):0{2 * size}x}")
    assert config.client.token.hmac_secret_key == f"{0:064x}"
    assert config.http_api.key == f"{1:064x}"


def test_sandbox_has_other_keys_every_time():
    """Never a default secret."""
    assert sandbox().client.token.hmac_secret_key != sandbox().client.token.hmac_secret_key


def test_sandbox_is_valid_and_open_to_this_machine_only():
    """It passes its own checks without a warning."""
    config = sandbox()
    assert load_tree(dump(config, redact=False), {}) == (config, [])
    assert config.http_server.address == "127.0.0.1"
    hosts = {origin.split("/")[2].split(":")[0] for origin in config.client.allowed_origins}
    assert hosts == {"localhost", "127.0.0.1"}
    on = (config.sse, config.http_stream, config.health, config.prometheus, config.market)
    assert all(section.enabled for section in on)
    assert config.dashboard.enabled
    assert config.faults.enabled
    assert not config.client.insecure
    assert not config.http_api.insecure
