"""Malformed and hostile HTTP against the running server: never a 500, never two answers to one smuggled request, never a
hang, and the server stays healthy."""

import gzip
import random
import re
import socket

import pytest
from support.server import ADMIN_KEY

AUTHORIZED = f"Host: h\r\nAuthorization: Bearer {ADMIN_KEY}\r\nContent-Type: application/json\r\n"
EVENTS = "/api/v1/tenants/default/events"
SMUGGLED = "GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n"


def exchange(port, data, seconds=120.0):
    """Sends, ends the sending side, and answers all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            connection.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it closed before it had read everything; its answer may still be there
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer


def statuses(answer):
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def post(headers="", body="{}", path=EVENTS):
    return f"POST {path} HTTP/1.1\r\n{AUTHORIZED}{headers}\r\n{body}"


REFUSED_AND_CLOSED = {
    "content length and transfer encoding": post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + SMUGGLED),
    "two different content lengths": post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}" + SMUGGLED),
    "the same content length twice": post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}" + SMUGGLED),
    "a list of content lengths": post("Content-Length: 2, 2\r\n", "{}" + SMUGGLED),
    "a negative content length": post("Content-Length: -1\r\n", SMUGGLED),
    "a signed content length": post("Content-Length: +2\r\n", "{}" + SMUGGLED),
    "a hexadecimal content length": post("Content-Length: 0x2\r\n", "{}" + SMUGGLED),
    "a content length beyond 64 bits": post("Content-Length: 99999999999999999999\r\n", "{}"),
    "an empty content length": post("Content-Length:\r\n", "{}"),
    "a space before the colon": f"GET /health/live HTTP/1.1\r\nHost : h\r\n\r\n{SMUGGLED}",
    "a space before transfer encoding's colon": post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + SMUGGLED),
    "a folded header": f"GET /health/live HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n{SMUGGLED}",
    "a bare line feed": f"GET /health/live HTTP/1.1\nHost: h\n\n{SMUGGLED}",
    "a bare line feed in a header": f"GET /health/live HTTP/1.1\r\nHost: h\nX: y\r\n\r\n{SMUGGLED}",
    "a bare carriage return": f"GET /health/live HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n{SMUGGLED}",
    "a zero byte in a header": f"GET /health/live HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n{SMUGGLED}",
    "an unknown transfer encoding": post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" + SMUGGLED),
    "chunked not last": post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n" + SMUGGLED),
    "a chunk size that is no number": post("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk size with a sign": post("Transfer-Encoding: chunked\r\n", "-2\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk size beyond 64 bits": post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    "a chunk without its end": post("Transfer-Encoding: chunked\r\n", "2\r\n{}0\r\n\r\n" + SMUGGLED),
    "a bare line feed after a chunk": post("Transfer-Encoding: chunked\r\n", "2\n{}\n0\n\n" + SMUGGLED),
    "no host": "GET /health/live HTTP/1.1\r\n\r\n" + SMUGGLED,
    "two hosts": "GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + SMUGGLED,
    "an unknown version": "GET /health/live HTTP/9.9\r\nHost: h\r\n\r\n" + SMUGGLED,
    "no version": "GET /health/live\r\nHost: h\r\n\r\n" + SMUGGLED,
    "HTTP/2's preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "spaces in the target": "GET /health/live extra HTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED,
    "an invalid method": "G@T /health/live HTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED,
    "an invalid header name": "GET /health/live HTTP/1.1\r\nHost: h\r\nB@d name: x\r\n\r\n" + SMUGGLED,
    "a target of 64 KiB": f"GET /{'a' * 65536} HTTP/1.1\r\nHost: h\r\n\r\n",
    "a header of 64 KiB": f"GET /health/live HTTP/1.1\r\nHost: h\r\nX: {'a' * 65536}\r\n\r\n",
    "a thousand headers": f"GET /health/live HTTP/1.1\r\nHost: h\r\n{'X: y' + chr(13) + chr(10)}" + "X: y\r\n" * 1000 + "\r\n",
}

ANSWERED = {
    "an empty body": post("Content-Length: 0\r\n", ""),
    "no JSON": post("Content-Length: 4\r\n", "oops"),
    "JSON of the wrong kind": post("Content-Length: 2\r\n", "[]"),
    "a body cut off": post("Content-Length: 100\r\n", '{"topic":'),
    "a body that is not UTF-8": post("Content-Length: 4\r\n", '"\xff\xfe"'),
    "100,000 brackets": post("Content-Length: 100000\r\n", "[" * 100_000),
    "a body of 20 MiB declared": post(f"Content-Length: {20 << 20}\r\n", "x"),
    "a body declared as gzip that is none": post("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "{}"),
    "an unknown content encoding": post("Content-Encoding: br\r\nContent-Length: 2\r\n", "{}"),
    "gzip five times": post("Content-Encoding: gzip, gzip, gzip, gzip, gzip\r\nContent-Length: 2\r\n", "{}"),
    "a path with ..": f"GET /api/v1/../../etc/passwd HTTP/1.1\r\n{AUTHORIZED}\r\n",
    "a path with an encoded slash": f"GET /api/v1/tenants%2fdefault HTTP/1.1\r\n{AUTHORIZED}\r\n",
    "a path with a broken percent": f"GET /api/v1/tenants/%zz HTTP/1.1\r\n{AUTHORIZED}\r\n",
    "a path with an encoded zero": f"GET /api/v1/tenants/a%00b HTTP/1.1\r\n{AUTHORIZED}\r\n",
    "a path that is not UTF-8": f"GET /api/v1/tenants/%ff%fe HTTP/1.1\r\n{AUTHORIZED}\r\n",
    "a double slash": f"GET //api/v1/tenants HTTP/1.1\r\n{AUTHORIZED}\r\n",
    "an absolute target": f"GET http://h/api/v1/tenants HTTP/1.1\r\n{AUTHORIZED}\r\n",
    "an odd cursor": f"GET /api/v1/tenants/default/events?cursor=%27%3B-- HTTP/1.1\r\n{AUTHORIZED}\r\n",
    "an odd limit": f"GET /api/v1/tenants/default/events?limit=-1 HTTP/1.1\r\n{AUTHORIZED}\r\n",
    "a huge limit": f"GET /api/v1/tenants/default/events?limit=99999999999999999999 HTTP/1.1\r\n{AUTHORIZED}\r\n",
    "TRACE": "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n",
    "CONNECT": "CONNECT example.com:443 HTTP/1.1\r\nHost: h\r\n\r\n",
    "OPTIONS *": "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    "an unknown expectation": post("Expect: 200-ok\r\nContent-Length: 2\r\n"),
    "an upgrade": "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "half a head": "GET /health/live HTTP/1.1\r\nHost: h\r\n",
    "nothing": "",
    "only line ends": "\r\n\r\n\r\n",
}


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    from support.server import Server

    server = Server(tmp_path_factory.mktemp("malformed")).start()
    server.api.topic("test.made")
    yield server.port
    assert server.is_ready()
    assert server.stop() == 0
    assert not server.error_lines, "\n".join(server.error_lines[:20])


@pytest.mark.parametrize("name", REFUSED_AND_CLOSED)
def test_ambiguous_framing_is_refused_once_and_closed(port, name):
    answer = exchange(port, REFUSED_AND_CLOSED[name])
    got = statuses(answer)
    assert len(got) <= 1, f"{got}: the rest was read as another request"
    assert not got or got[0] in (400, 413, 414, 431, 501, 505), answer[:300]


@pytest.mark.parametrize("name", ANSWERED)
def test_bad_requests_are_answered_without_a_500(port, name):
    got = statuses(exchange(port, ANSWERED[name]))
    assert all(code < 500 or code == 501 for code in got), got


def test_a_gzip_bomb_is_refused(port):
    bomb = gzip.compress(bytes(64 << 20))
    head = f"POST {EVENTS} HTTP/1.1\r\n{AUTHORIZED}Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    assert statuses(exchange(port, head.encode() + bomb)) == [413]


def test_requests_cut_and_changed_at_random_are_survived(port):
    random_source = random.Random(3)
    good = post("Content-Length: 36\r\n", '{"topic":"test.made","data":{"a":1}}').encode()
    assert statuses(exchange(port, good)) == [202]
    for _ in range(300):
        data = bytearray(good)
        for _ in range(random_source.randrange(1, 4)):
            position = random_source.randrange(len(data))
            action = random_source.randrange(3)
            if action == 0:
                data[position] = random_source.randrange(256)
            elif action == 1:
                del data[position : position + random_source.randrange(1, 30)]
            else:
                data[position:position] = random_source.choice([b"\r\n", b"\n", b"\0", b": ", b" ", b"\xff", b"chunked", b"0"])
        got = statuses(exchange(port, bytes(data)))
        assert all(code < 500 or code in (501, 505) for code in got), (bytes(data), got)


def test_good_requests_still_work_pipelined_and_split(port):
    request = f"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n"
    assert statuses(exchange(port, request * 20)) == [200] * 20
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        for character in request:
            connection.sendall(character.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
