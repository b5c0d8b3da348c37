"""A raw TCP endpoint that does to each connection what a script says: nothing here speaks HTTP unless told to.

A script is a function of a Peer. It runs in a thread of its own; the connection is closed when it returns.
"""

import contextlib
import socket
import struct
import threading


class Peer:
    def __init__(self, connection):
        self.connection = connection

    def read_request(self):
        """A head and as much body as its Content-Length says; None when the sender went away."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.connection.recv(65536)
            if not part:
                return None
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(body) < length:
            part = self.connection.recv(65536)
            if not part:
                return None
            body += part
        return head

    def send(self, data):
        self.connection.sendall(data)

    def send_for_ever(self, data):
        while True:
            self.connection.sendall(data)

    def wait_for_close(self):
        while self.connection.recv(65536):
            pass

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class HostileEndpoint:
    """`with HostileEndpoint(script) as endpoint`. `connections` counts."""

    def __init__(self, script):
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self._open = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def url(self, path="/", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with contextlib.suppress(OSError):
                self._script(Peer(connection))
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
