"""Fixtures for real clients: centrifuge-js by remote control, and a line that can be cut."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PATIENCE = 15.0
"""Seconds after which something that must happen is taken for lost."""

WIRES = ["json", "protobuf", "sse", "http_stream", "http_stream-protobuf"]
"""What centrifuge-js can speak: a transport, WebSocket unless named, and an encoding."""

Line = dict[str, Any]


class JsError(Exception):
    """A call that centrifuge-js rejected."""

    def __init__(self, code: int | None, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Node:
    """The process that runs ``js/driver.mjs``, for all clients of one test.

    Attributes:
        lines: Events that nobody has waited for yet, oldest first.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._replies: dict[int, asyncio.Future[Any]] = {}
        self._questions: dict[tuple[str, str | None], Callable[[], str | Line]] = {}
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())
        self.lines: list[Line] = []

    async def ask(self, op: str, **fields: Any) -> Any:
        """Have an operation done; see ``js/driver.mjs`` for those there are."""
        number = len(self._replies) + 1
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        self._write({"id": number, "op": op, **fields})
        async with asyncio.timeout(PATIENCE):
            return await reply

    def answers(self, client: str, channel: str | None, answer: Callable[[], str | Line]) -> None:
        """Have a token callback answered, with a token or the fields of an ``answer``."""
        self._questions[client, channel] = answer

    async def event(self, matches: Callable[[Line], bool]) -> Line:
        """Take the oldest event that matches, now or when it comes."""
        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(lambda: any(map(matches, self.lines)))
        except TimeoutError:
            pytest.fail(f"the event did not come; there were {self.lines}")
        found = next(line for line in self.lines if matches(line))
        self.lines.remove(found)
        return found

    async def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE):
                code = await self._process.wait()
        except TimeoutError:
            self._process.kill()
            code = await self._process.wait()
        await self._reader
        assert code == 0, f"the Node process ended with exit code {code}"

    def _write(self, line: Line) -> None:
        self._process.stdin.write(json.dumps(line).encode() + b"\n")

    async def _read(self) -> None:
        async for raw in self._process.stdout:
            line = json.loads(raw)
            if "reply" in line:
                self._settle(line)
            elif "ask" in line:
                answer = self._questions[line["client"], line.get("channel")]()
                fields = answer if isinstance(answer, dict) else {"token": answer}
                self._write({"op": "answer", "ask": line["ask"], **fields})
            else:
                async with self._news:
                    self.lines.append(line)
                    self._news.notify_all()

    def _settle(self, line: Line) -> None:
        reply = self._replies[line["reply"]]
        if reply.done():
            return
        if "error" in line:
            reply.set_exception(JsError(line["error"]["code"], line["error"]["message"]))
        else:
            reply.set_result(line["result"])


class JsClient:
    """One centrifuge-js client."""

    def __init__(self, node: Node, name: str) -> None:
        self._node = node
        self.name = name

    async def event(self, event: str, channel: str | None = None, **fields: Any) -> Line:
        """Take the next event of this name, of the client or of a channel, with these fields."""
        wanted = {"event": event, "client": self.name, **fields}
        if channel is not None:
            wanted["channel"] = channel
        return await self._node.event(lambda line: wanted.items() <= line.items())

    def unseen(self, event: str) -> list[Line]:
        """Events of this name that nobody has waited for."""
        wanted = {"event": event, "client": self.name}.items()
        return [line for line in self._node.lines if wanted <= line.items()]

    async def subscribe(self, channel: str, **options: Any) -> Line:
        """Subscribe and wait for the ``subscribed`` event, which is returned."""
        await self.want(channel, **options)
        return await self.event("subscribed", channel)

    async def want(
        self,
        channel: str,
        *,
        token: Callable[[], str | Line] | None = None,
        book: bool = False,
        **options: Any,
    ) -> None:
        """Subscribe, whatever may come of it.

        Args:
            channel: Where to.
            token: What answers the token callback.
            book: Keep the order book of the channel instead of showing its publications.
            options: Further options of centrifuge-js.
        """
        if token is not None:
            self._node.answers(self.name, channel, token)
        await self._node.ask(
            "subscribe",
            client=self.name,
            channel=channel,
            options=options,
            asks=token is not None,
            book=book,
        )

    async def call(self, method: str, *args: Any, channel: str | None = None) -> Any:
        """Call a method of the client, or of its subscription to a channel."""
        place = {} if channel is None else {"channel": channel}
        return await self._node.ask(
            "call", client=self.name, method=method, args=list(args), **place
        )

    async def publish(self, channel: str, data: Any) -> None:
        """Publish to a channel that it need not be subscribed to."""
        await self.call("publish", channel, {"$data": data})

    async def book(self, channel: str) -> Line:
        """The order book of a subscription that was made with ``book=True``."""
        return await self._node.ask("book", client=self.name, channel=channel)


class Wires:
    """Makes centrifuge-js clients of a server, on a wire out of ``WIRES``."""

    def __init__(self, node: Node, server: Any, wire: str) -> None:
        self._node = node
        self._server = server
        self.wire = wire

    async def connect(
        self,
        name: str = "one",
        *,
        port: int | None = None,
        token: str | Callable[[], str | Line] = "",
        **options: Any,
    ) -> JsClient:
        """A new client, connecting; wait for its ``connected`` event to go on.

        Args:
            name: What tells the clients of one test apart.
            port: Where to connect, if not to the server itself.
            token: A token, or what answers the token callback.
            options: Further options of centrifuge-js.
        """
        transport, _, encoding = self.wire.rpartition("-")
        if not transport:
            transport, encoding = (
                ("websocket", self.wire)
                if self.wire in {"json", "protobuf"}
                else (self.wire, "json")
            )
        address = f"//127.0.0.1:{port or self._server.port}"
        scheme = "ws" if transport == "websocket" else "http"
        endpoint = f"{scheme}:{address}/connection/{transport}"
        if callable(token):
            self._node.answers(name, None, token)
        else:
            options["token"] = token
        await self._node.ask(
            "connect",
            client=name,
            protocol=encoding,
            endpoint=[{"transport": transport, "endpoint": endpoint}],
            options={"emulationEndpoint": f"http:{address}/emulation", **options},
            asks=callable(token),
        )
        return JsClient(self._node, name)


@pytest.fixture
async def node(processes) -> AsyncIterator[Node]:
    """A Node process with centrifuge-js in it."""
    program = shutil.which("node")
    if program is None or not (HERE / "node_modules" / "centrifuge").is_dir():
        pytest.fail("Node.js or its packages are missing; `make test` installs them")
    process = await asyncio.create_subprocess_exec(
        program,
        str(HERE / "js" / "driver.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=16 * 1024 * 1024,
    )
    node = Node(process)
    yield node
    await node.close()


@pytest.fixture(params=["json", "protobuf"])
def wire(request) -> str:
    """The wire of ``js``; a test that wants others has its own parameters of this name."""
    return request.param


@pytest.fixture
def js(node, server, wire) -> Wires:
    """Makes centrifuge-js clients of the module's server."""
    return Wires(node, server, wire)


@pytest.fixture
def channel(request) -> Callable[[str], str]:
    """``channel(namespace)``: a channel that no other test uses."""
    return lambda namespace: f"{namespace}:{abs(hash(request.node.nodeid)):x}"


class Proxy:
    """A TCP line to a server that can be cut and slowed down.

    Attributes:
        port: Where to connect.
        connections: How many connections there have been.
        received: Bytes that came from the server.
        chunk: Bytes of the server's that are passed on at a time.
        pause: Seconds between two chunks; 0 passes everything on at once.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._down = False
        self.port = 0
        self.connections = 0
        self.received = 0
        self.chunk = 65536
        self.pause = 0.0

    async def start(self) -> None:
        """Listen."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Break all connections, as a lost network does."""
        for writer in self._writers:
            writer.transport.abort()

    @asynccontextmanager
    async def broken(self) -> AsyncIterator[None]:
        """Break all connections and let none through until the end of the block."""
        self._down = True
        self.cut()
        try:
            yield
        finally:
            self._down = False

    async def close(self) -> None:
        """Stop listening, and end all connections."""
        self._listener.close()
        self.cut()
        await asyncio.gather(*self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._down:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        upstream = socket.socket()
        # Buffers as small as a real network's, so that the server feels soon that nobody reads.
        upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        upstream.setblocking(False)
        await asyncio.get_running_loop().sock_connect(upstream, ("127.0.0.1", self._target))
        there, back = await asyncio.open_connection(sock=upstream, limit=8192)
        self._writers |= {writer, back}

        async def from_client() -> bytes:
            return await reader.read(65536)

        async def from_server() -> bytes:
            if self.pause:
                await asyncio.sleep(self.pause)
            data = await there.read(self.chunk)
            self.received += len(data)
            return data

        try:
            await asyncio.gather(_pump(from_client, back), _pump(from_server, writer))
        finally:
            self._writers -= {writer, back}
            self._tasks.discard(task)


async def _pump(read: Callable[[], Awaitable[bytes]], writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until either side ends; then the other one ends too."""
    try:
        while data := await read():
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def proxy(server) -> AsyncIterator[Proxy]:
    """A line to the module's server."""
    line = Proxy(server.port)
    await line.start()
    yield line
    await line.close()
