"""The configuration without a file."""

from __future__ import annotations

import concurrent.futures
import itertools
import stat

import pytest

from cadenza.config import SandboxKeys, SandboxKeysError, dump, load_tree, sandbox


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


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_data_folder_keeps_its_keys(tmp_path):
    """Made once, the same ever after, for the owner alone, and never printed."""
    folder = tmp_path / "a" / "data"
    first, again = SandboxKeys.kept(folder), SandboxKeys.kept(folder)
    assert first == again
    assert mode(folder) == 0o700
    assert mode(folder / "keys.json") == 0o600
    assert [path.name for path in folder.iterdir()] == ["keys.json"]
    assert str(first) == "SandboxKeys(token='***', api='***')"
    assert SandboxKeys.kept(tmp_path / "b") != first
    config = sandbox(keys=first)
    assert (config.client.token.hmac_secret_key, config.http_api.key) == first


def test_removing_the_file_renews_the_keys(tmp_path):
    first = SandboxKeys.kept(tmp_path)
    (tmp_path / "keys.json").unlink()
    renewed = SandboxKeys.kept(tmp_path)
    assert renewed.token != first.token
    assert renewed.api != first.api


def test_keys_that_others_may_read_are_closed_to_them(tmp_path):
    first = SandboxKeys.kept(tmp_path)
    (tmp_path / "keys.json").chmod(0o644)
    assert SandboxKeys.kept(tmp_path) == first
    assert mode(tmp_path / "keys.json") == 0o600


def test_many_that_begin_at_once_get_one_pair_of_keys(tmp_path):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: SandboxKeys.kept(tmp_path), range(32)))
    assert len(found) == 1


def test_a_start_that_died_before_the_file_had_its_name_is_nothing(tmp_path):
    """What a kill -9 leaves is a file of another name, which is not read."""
    (tmp_path / ".keys.json.77.0a0b0c0d").write_text('{"token_hmac')
    assert len(SandboxKeys.kept(tmp_path).token) == 64


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        "[" * 100_000,
        '{"token_hmac_secret_key": "' + "a" * 64 + '"}',
        '{"token_hmac_secret_key": "short", "http_api_key": "' + "a" * 64 + '"}',
        '{"token_hmac_secret_key": 1, "http_api_key": 2}',
    ],
    ids=lambda text: text[:20] or "empty",
)
def test_a_file_without_keys_is_an_error_that_names_it_and_the_way_out(tmp_path, text):
    """Never replaced in silence: somebody's tokens depend on it."""
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(SandboxKeysError) as refusal:
        SandboxKeys.kept(tmp_path)
    assert str(refusal.value) == f"{path} holds no keys of a sandbox; remove it to make new ones"
    assert path.read_text() == text


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxKeysError, match=r"cannot keep keys in .*: Not a directory"):
        SandboxKeys.kept(tmp_path / "file" / "data")
