#!/usr/bin/env python3
"""A webhook receiver without any library: verifies Standard Webhooks signatures and prints what arrives.

  SECRET=whsec_... python3 receiver.py 9000
"""

import base64
import hashlib
import hmac
import http.server
import os
import sys
import time

KEY = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))


def is_valid(headers, body):
    sent_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent_id or not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > 300:
        return False
    digest = hmac.new(KEY, f"{sent_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers.get("webhook-signature", "").split(" "))


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        valid = is_valid(self.headers, body)
        if valid:
            print(self.headers["webhook-id"], body.decode(), flush=True)
        self.send_response(204 if valid else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
