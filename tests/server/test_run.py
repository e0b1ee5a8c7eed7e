"""Listening: ports, TLS, and who is served where."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import ipaddress
import signal
import socket
import ssl

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cadenza.config import Secret, TlsConfig
from cadenza.gateway.gateway import Gateway
from cadenza.server import websocket
from cadenza.server.run import ListenError, listen
from cadenza.server.tls import TlsError, server_context

API_KEY = "unit-test-api-key"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextlib.asynccontextmanager
async def serving(config):
    """``Gateway.serve`` up to where it listens, and its end."""
    started = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(Gateway(config).serve(started.set_result))
    await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield started.result()
    finally:
        if not task.done():
            signal.raise_signal(signal.SIGTERM)
        await task


@pytest.fixture
def certificate(tmp_path):
    """Paths of a fresh self-signed certificate for 127.0.0.1 and of its key."""
    return make_certificate(tmp_path)


def make_certificate(folder):
    """Write a new one, and its key, into a folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_path, key_path


FORMS = {
    "path": str,
    "text": lambda path: path.read_text(),
    "base64": lambda path: base64.b64encode(path.read_bytes()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
async def test_tls(config_of, certificate, dial, token, form):
    """HTTPS and WSS on the same port, with a certificate in each of its forms."""
    given = [FORMS[form](path) for path in certificate]
    tls = {"enabled": True, "cert_pem": given[0], "key_pem": given[1]}
    context = ssl.create_default_context(cafile=str(certificate[0]))
    async with serving(config_of(http_server={"port": free_port(), "tls": tls})) as port:
        async with httpx.AsyncClient(verify=context, trust_env=False) as web:
            assert (await web.get(f"https://127.0.0.1:{port}/health")).status_code == 200

        class Running:
            url = f"wss://127.0.0.1:{port}/connection/websocket"

        client = await dial(Running, ssl=context)
        reply = await client.ask({"id": 1, "connect": {"token": token()}})
        assert "connect" in reply
        await client.socket.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert not (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.parametrize(
    ("cert", "key", "message"),
    [
        ("/nowhere/cert.pem", "KEY", "http_server.tls.cert_pem is neither PEM, .* No such file"),
        ("CERT", "/nowhere/key.pem", "http_server.tls.key_pem is neither PEM"),
        ("CERT", "\0", "http_server.tls.key_pem is neither PEM"),
        ("CERT", "CERT", "http_server.tls: "),
        ("KEY", "KEY", "http_server.tls: "),
        ("CERT", "-----BEGIN PRIVATE KEY-----", "http_server.tls: "),
        ("CERT", "LOCKED", "http_server.tls: "),
    ],
)
def test_certificates_that_cannot_be_used(certificate, cert, key, message):
    """The message names the option and never shows the key."""
    texts = dict(zip(("CERT", "KEY"), (path.read_text() for path in certificate), strict=True))
    private = serialization.load_pem_private_key(texts["KEY"].encode(), None)
    texts["LOCKED"] = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    ).decode()
    tls = TlsConfig(
        enabled=True, cert_pem=texts.get(cert, cert), key_pem=Secret(texts.get(key, key))
    )
    with pytest.raises(TlsError, match=message) as refused:
        server_context(tls)
    assert texts["KEY"][40:80] not in str(refused.value)


@pytest.mark.parametrize("external", [False, True])
async def test_internal_port(config_of, web, external):
    """With an internal port the public one has no reports, and the API only if ``external``."""
    inside = free_port()
    config = config_of(
        http_server={"port": free_port(), "internal_port": inside},
        http_api={"external": external},
    )
    headers = {"X-API-Key": API_KEY}

    async def status(port, method, path):
        url = f"http://127.0.0.1:{port}{path}"
        return (await web.request(method, url, headers=headers, content="{}")).status_code

    async with serving(config) as port:
        assert await status(inside, "GET", "/health") == 200
        assert await status(inside, "GET", "/metrics") == 200
        assert await status(inside, "POST", "/api/info") == 200
        assert await status(inside, "GET", "/connection/websocket") == 404
        assert await status(inside, "POST", "/connection/http_stream") == 404
        assert await status(inside, "POST", "/emulation") == 404
        assert await status(port, "GET", "/health") == 404
        assert await status(port, "GET", "/metrics") == 404
        assert await status(port, "POST", "/api/info") == (200 if external else 404)
        assert await status(port, "GET", "/connection/websocket") == 400
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
        url = f"http://127.0.0.1:{inside}/connection/websocket"
        assert (await web.get(url, headers=upgrade)).status_code == 404
    with pytest.raises(httpx.ConnectError):
        await web.get(f"http://127.0.0.1:{inside}/health")


async def test_both_ports_are_needed(config_of):
    """An internal port that is taken stops the start, and frees the public one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, inside = free_port(), taken.getsockname()[1]
        config = config_of(http_server={"port": port, "internal_port": inside})
        with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{inside}"):
            await Gateway(config).serve()
        listen("127.0.0.1", port).close()


def test_a_taken_port_is_named():
    """The message says which address cannot be bound."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{port}: "):
            listen("127.0.0.1", port)


async def test_a_signal_ends_everything_in_order(config_of, dial, token):
    """Clients get 3001, streams their push, new ones no connection, and ``serve`` returns."""
    async with serving(config_of(http_server={"port": free_port()})) as port:

        class Running:
            url = f"ws://127.0.0.1:{port}/connection/websocket"

        client = await dial(Running)
        await client.ask({"id": 1, "connect": {"token": token()}})
        signal.raise_signal(signal.SIGTERM)
        assert await client.end() == (3001, "shutdown")


async def test_a_second_signal_ends_the_waiting(config_of, dial, token, monkeypatch):
    """Who does not want to wait for clients that do not answer asks again."""
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 3600)
    config = config_of(http_server={"port": free_port()}, shutdown={"timeout": "3600s"})
    async with serving(config) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        signal.raise_signal(signal.SIGTERM)
        assert (await reader.readexactly(2))[0] == 0x88
    writer.transport.abort()


UPGRADE = (
    b"GET /connection/websocket HTTP/1.1\r\nHost: a\r\n"
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def test_shutdown_has_an_end(config_of, token, monkeypatch):
    """A stream that is never read and a client that answers nothing cannot hold it up."""
    config = config_of(http_server={"port": free_port()}, shutdown={"timeout": "1s"})
    async with serving(config) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPGRADE)
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
    writer.transport.abort()


async def test_no_address_means_both_families(config_of):
    """As the docs say: every interface, IPv6 and IPv4 (one socket for both)."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    config = config_of(http_server={"address": "", "port": free_port()})
    async with serving(config) as port:
        for host in ("127.0.0.1", "::1"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
async def test_a_hangup_renews_the_certificate_and_ends_nothing(config_of, tmp_path, caplog, until):
    """New handshakes get the new certificate; a bad one is logged, and the old one stays."""
    first = [path.read_text() for path in make_certificate(tmp_path)]
    second = [path.read_text() for path in make_certificate(tmp_path)]
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"

    def put(*texts):
        cert.write_text(texts[0])
        key.write_text(texts[1])

    put(*first)
    tls = {"enabled": True, "cert_pem": str(cert), "key_pem": str(key)}
    config = config_of(http_server={"port": free_port(), "tls": tls})
    caplog.set_level("INFO")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def shown(port):
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return ssl.DER_cert_to_PEM_cert(found)

    async def hang_up():
        before = len(caplog.records)
        signal.raise_signal(signal.SIGHUP)
        await until(lambda: len(caplog.records) >= before + 2)
        return caplog.records[-1].getMessage()

    async with serving(config) as port:
        assert await shown(port) == first[0]
        put(*second)
        assert await hang_up() == "the certificate was read again"
        assert await shown(port) == second[0]
        put(first[0], second[1])
        assert "the certificate stays as it is" in await hang_up()
        assert await shown(port) == second[0]
