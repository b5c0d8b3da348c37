"""A recording HTTP endpoint that misbehaves on command: one asyncio loop in a thread of its own.

What it does with a request is decided by the longest path prefix given to behave(); without one it answers 200. Every
complete request is recorded before it is answered. Times are time.monotonic().
"""

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field

from .server import GENEROUS_SECONDS


@dataclass
class Received:
    path: str
    headers: dict  # names in lower case; the last of a repeated name
    body: bytes
    at: float
    header_lines: list = field(repr=False, default_factory=list)
    answering_at: float | None = None  # just before the answer of status(): nothing of it was sent earlier
    answered_at: float | None = None  # None: not answered (yet, or the sender went away)

    @property
    def id(self):
        return self.headers.get("webhook-id", "")


# Behaviours: an async function of (received, writer) that writes the answer, or raises Hang.


class Hang(Exception):
    """Leave the connection open and say nothing."""


def status(code, body=b"", headers=(), delay=0.0):
    async def react(request, writer):
        if delay:
            await asyncio.sleep(delay)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        request.answering_at = time.monotonic()
        writer.write(f"HTTP/1.1 {code} Status\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body)
        await writer.drain()

    return react


ok = status(200, b"ok")


async def hang(_, writer):
    raise Hang


def drip(seconds_between_bytes):
    """Answers one byte at a time, for ever."""

    async def react(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(seconds_between_bytes)

    return react


def endless(_=None):
    """Answers with a body that never ends, as fast as it is read."""

    async def react(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            await writer.drain()

    return react


def disconnect(_=None):
    async def react(_, writer):
        writer.transport.abort()
        raise ConnectionResetError

    return react


def sequence(*behaviours):
    """The first request gets the first behaviour, …; the last one stays."""
    left = list(behaviours)

    async def react(received, writer):
        chosen = left.pop(0) if len(left) > 1 else left[0]
        await chosen(received, writer)

    return react


class Endpoint:
    """Start with `with Endpoint() as endpoint`; endpoint.url("/a") is where to send to."""

    def __init__(self, addresses=("127.0.0.1",), port=0):
        self._addresses = addresses
        self.port = port
        self._behaviours = {"/": ok}
        self._received = []
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="endpoint", daemon=True)
        self._servers = []
        self._writers = set()

    def __enter__(self):
        self._thread.start()
        self.up()
        return self

    def __exit__(self, *_):
        self.down()
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def url(self, path="/", address=None):
        return f"http://{address or self._addresses[0]}:{self.port}{path}"

    def behave(self, prefix, behaviour):
        self._behaviours[prefix] = behaviour

    def up(self):
        """Listens (again, on the same port)."""
        self._run(self._listen())

    def down(self):
        """Stops listening and cuts every connection: connects are refused."""
        self._run(self._close())

    @property
    def received(self):
        with self._changed:
            return list(self._received)

    def on(self, path):
        return [request for request in self.received if request.path == path]

    def forget(self):
        with self._changed:
            self._received.clear()

    def wait_for(self, count, path=None, seconds=GENEROUS_SECONDS):
        """Waits until `count` requests (of the path) have come; answers them."""
        return self.wait_until(lambda all_: len([r for r in all_ if path in (None, r.path)]) >= count, seconds, path)

    def wait_until(self, predicate, seconds=GENEROUS_SECONDS, path=None):
        with self._changed:
            if not self._changed.wait_for(lambda: predicate(self._received), seconds):
                raise AssertionError(f"not received within {seconds} s; so far {len(self._received)} requests")
            return [request for request in self._received if path in (None, request.path)]

    def wait_for_ids(self, ids, after=0, seconds=GENEROUS_SECONDS):
        """Waits until each of the ids has come among the requests after the first `after`; looks at each request once."""
        missing, seen = set(ids), after

        def all_came(requests):
            nonlocal seen
            missing.difference_update(request.id for request in requests[seen:])
            seen = len(requests)
            return not missing

        with self._changed:
            if not self._changed.wait_for(lambda: all_came(self._received), seconds):
                raise AssertionError(f"not received within {seconds} s: {len(missing)} of {len(ids)} ids, as {sorted(missing)[:5]}")

    def wait_for_silence(self, seconds=GENEROUS_SECONDS):
        """Waits until no connection is open: whoever sent is gone, and all that it had sent has been read."""
        deadline = time.monotonic() + seconds
        while self._writers:
            if time.monotonic() > deadline:
                raise AssertionError(f"connections are still open after {seconds} s")
            time.sleep(0.005)

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(GENEROUS_SECONDS)

    async def _listen(self):
        for address in self._addresses:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, self.port))
            self.port = listener.getsockname()[1]
            self._servers.append(await asyncio.start_server(self._serve, sock=listener, backlog=1024))

    async def _close(self):
        for server in self._servers:
            server.close()
        self._servers.clear()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _end(self):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (Hang, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            with contextlib.suppress(Exception):
                await reader.read()  # until the other side goes away
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Received(first.split(" ")[1], headers, body, time.monotonic(), lines)
        with self._changed:
            self._received.append(request)
            self._changed.notify_all()
        prefix = max((p for p in self._behaviours if request.path.startswith(p)), key=len)
        await self._behaviours[prefix](request, writer)
        request.answered_at = time.monotonic()
        return True
