"""Starts the built server on a free port with a folder of its own, and speaks its native API."""

import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("POSTHORN_BINARY", ROOT / "build/release/posthorn"))
ADMIN_KEY = "test-admin-key-0123456789abcdefghijklmnopqrstuv"
ERROR_LINE = re.compile(r'"level": ?"(?:error|critical)"|\b(?:ERROR|CRITICAL)\b|AddressSanitizer|runtime error:|ThreadSanitizer')


GENEROUS_SECONDS = 120.0  # only a test that fails waits so long; a busy machine may need a good part of it


def free_port():
    """A port that no connection takes by chance while its server is away: below those that the kernel gives out."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(predicate, seconds=GENEROUS_SECONDS, what="condition", interval=0.01):
    """Polls from outside, where no signal can be waited for. Answers the predicate's first true value."""
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(interval)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Api:
    """Calls under /api/v1 with the admin key. One kept connection for each thread."""

    def __init__(self, port, key=ADMIN_KEY, host="127.0.0.1"):
        self._address = (host, port)
        self._key = key
        self._local = threading.local()

    def forget_connections(self):
        """After the server ended: the kept ones are dead."""
        self._local = threading.local()

    def call(self, method, path, body=None, headers=None, timeout=GENEROUS_SECONDS):
        """`body`: bytes as they are, anything else as JSON. Raises OSError or http.client.HTTPException when there is no answer."""
        sent = {"Authorization": f"Bearer {self._key}", **(headers or {})}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            if not isinstance(body, bytes):
                body = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(*self._address, timeout=timeout)
        try:
            connection.request(method, path if path.startswith("/") else f"/api/v1/{path}", body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            self._local.connection = None
            raise

    def expect(self, status, method, path, body=None, **options):
        answer = self.call(method, path, body, **options)
        assert answer.status == status, f"{method} {path}: {answer}"
        return answer.json if answer.body else None

    def topic(self, name, **fields):
        return self.call("PUT", f"tenants/default/topics/{name}", fields)

    def subscribe(self, url, topics=("**",), **fields):
        return self.expect(201, "POST", "tenants/default/subscriptions", {"url": url, "topics": list(topics), **fields})

    def publish(self, topic="test.made", data=None, headers=None, **fields):
        """One event; answers its id and number of deliveries."""
        return self.expect(202, "POST", "tenants/default/events", {"topic": topic, "data": data, **fields}, headers=headers)

    def publish_batch(self, events):
        return self.expect(200, "POST", "tenants/default/events/batch", {"events": events})["results"]

    def items(self, path):
        """Every item of a list, page by page."""
        items, cursor = [], None
        while True:
            page = self.expect(200, "GET", path + (("&" if "?" in path else "?") + f"limit=250{cursor or ''}"))
            items += page["items"]
            if not page["nextCursor"]:
                return items
            cursor = f"&cursor={page['nextCursor']}"

    def deliveries_of(self, event_id):
        return self.items(f"tenants/default/events/{event_id}/deliveries")

    def attempts_of(self, delivery_id):
        return self.items(f"tenants/default/deliveries/{delivery_id}/attempts")


class Server:
    """One data folder and port over any number of starts. `log` holds what all of them wrote."""

    def __init__(self, folder, *, arguments=(), environment=None, allow_loopback=True, binary=BINARY, data=None, log_level="info"):
        self.folder = Path(folder)
        self.data = Path(data or self.folder / "data")
        self.port = free_port()
        self.api = Api(self.port)
        self.process = None
        self._binary = binary
        self._arguments = [*(["--allow-peer", "127.0.0.0/8"] if allow_loopback else []), *arguments]
        self._environment = {**os.environ, "POSTHORN_ADMIN_KEY": ADMIN_KEY, "POSTHORN_LOG_LEVEL": log_level, **(environment or {})}
        self._log_path = self.folder / "server.log"
        self.expects_errors = False

    @property
    def log(self):
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    @property
    def error_lines(self):
        return [line for line in self.log.splitlines() if ERROR_LINE.search(line)]

    def start(self, wait=True):
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.api.forget_connections()
        with self._log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self._binary), "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}", *self._arguments],
                env=self._environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=GENEROUS_SECONDS):
        """Answers the time (monotonic) at which the server said that it is ready."""

        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log[-3000:]}")
            return self.is_ready()

        wait_until(ready, seconds, f"server ready; log:\n{self.log[-3000:]}", interval=0.003)
        return time.monotonic()

    def is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def kill(self):
        """SIGKILL; answers the time just before it."""
        at = time.monotonic()
        self.process.kill()
        self.process.wait()
        return at

    def wait(self, seconds=GENEROUS_SECONDS):
        return self.process.wait(seconds)

    def stop(self):
        """SIGTERM, and the exit code."""
        if self.process is None or self.process.poll() is not None:
            return None if self.process is None else self.process.returncode
        self.terminate()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not end after SIGTERM:\n{self.log[-3000:]}") from None
