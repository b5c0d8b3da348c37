#!/usr/bin/env python3
"""An endpoint that shows what arrives: prints every request's first line, headers and body, and keeps them.

  python3 endpoint.py FOLDER

FOLDER/url says where it listens. The n-th request is kept in FOLDER/n.head and FOLDER/n.body, the bytes as they came. It answers
200; to a path that begins with /status/503 it answers 503, and so on.
"""

import http.server
import itertools
import re
import sys
import threading
from pathlib import Path

FOLDER = Path(sys.argv[1])
NUMBERS = itertools.count(1)
ONE_AT_A_TIME = threading.Lock()


def write(name, data):
    """Under its name only when it is whole: whoever waits for the file may read it at once."""
    draft = FOLDER / f".{name}"
    draft.write_bytes(data)
    draft.rename(FOLDER / name)


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        head = "".join(f"{line}\n" for line in [self.requestline, *(f"{name}: {value}" for name, value in self.headers.items())])
        with ONE_AT_A_TIME:
            number = next(NUMBERS)
            write(f"{number}.body", body)
            write(f"{number}.head", head.encode())
            print(f"{head}\n{body.decode(errors='replace')}\n", flush=True)
        wanted = re.match(r"/status/(\d{3})", self.path)
        self.send_response(int(wanted[1]) if wanted else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
write("url", f"http://127.0.0.1:{server.server_port}".encode())
server.serve_forever()
