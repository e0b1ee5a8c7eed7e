"""What Prometheus reads."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


async def read(web, running):
    response = await web.get(f"{running.http}/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_an_idle_server_reports_zeros(serve, web):
    """Every gauge is there from the start."""
    found = await read(web, await serve())
    for name in ("clients", "users", "channels", "subscriptions"):
        assert found[f"centrifugo_node_num_{name}",] == 0
    for name in ("open_connections", "slow_connections", "queued_bytes"):
        assert found[f"cadenza_{name}",] == 0
    assert found["cadenza_conflations_total",] == 0
    assert found["centrifugo_transport_messages_sent_total",] == 0


async def test_counts_after_a_session(serve, web, join, dial, until):
    """Connections, subscriptions, commands, errors and ends are counted by what they were."""
    running = await serve()
    ann = await join(running, "ann")
    await ann.ask({"id": 2, "subscribe": {"channel": "news"}})
    await ann.ask({"id": 3, "subscribe": {"channel": "nobody:x"}})
    bad = await dial(running)
    await bad.socket.send("nonsense")
    await bad.end()
    found = await read(web, running)
    assert found["centrifugo_node_num_clients",] == 1
    assert found["centrifugo_node_num_users",] == 1
    assert found["centrifugo_node_num_channels",] == 1
    assert found["centrifugo_node_num_subscriptions",] == 1
    assert found["centrifugo_client_connections_inflight", ("transport", "websocket")] == 1
    assert found["centrifugo_client_command_total", ("method", "connect")] == 1
    assert found["centrifugo_client_command_total", ("method", "subscribe")] == 2
    assert found["centrifugo_client_num_reply_errors_total", ("code", "102")] == 1
    assert found["centrifugo_client_num_server_disconnects_total", ("code", "3501")] == 1
    assert found["centrifugo_transport_messages_sent_total",] >= 3
    assert found["centrifugo_node_build", ("version", running.node.version)] == 1


async def test_reports_are_off_unless_enabled(serve, web):
    """Neither health nor metrics are served where nobody asked for them."""
    off = {"enabled": False}
    running = await serve(health=off, prometheus=off)
    for path in ("/health", "/metrics"):
        assert (await web.get(running.http + path)).status_code == 404


async def test_health_while_closing(serve, web):
    """503 tells a load balancer to send nobody here any more."""
    running = await serve()
    response = await web.get(f"{running.http}/health")
    assert (response.status_code, response.json()) == (200, {})
    running.node.closing = True
    assert (await web.get(f"{running.http}/health")).status_code == 503
