"""How long a refusal takes says nothing: a wrong secret of a client that is there, and any secret of one that is not, take the
same time, measured in alternation and each pair from an address of its own (addresses and clients are throttled)."""

import http.client
import json
import statistics
import time
import uuid
from urllib.parse import urlencode

PAIRS = 240
FAILURES_OF_ONE_CLIENT = 20  # fewer than its throttle allows


def refuse(connection, client_id):
    """Seconds until the token endpoint has refused."""
    body = urlencode({"grant_type": "client_credentials", "client_id": client_id, "client_secret": "w" * 43})
    begun = time.perf_counter()
    connection.request("POST", "/oauth2/token", body, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    text = answer.read()
    taken = time.perf_counter() - begun
    assert answer.status == 401, text
    assert json.loads(text)["error"] == "invalid_client"
    return taken


def test_a_client_that_exists_is_refused_as_fast_as_one_that_does_not(server):
    known, unknown = [], []
    client = None
    for pair in range(PAIRS):
        if pair % FAILURES_OF_ONE_CLIENT == 0:
            client = server.api.expect(201, "POST", "clients", {"name": f"c{pair}", "tenant": "default", "roles": ["viewer"]})
        source = (f"127.1.{pair // 250}.{pair % 250 + 1}", 0)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10, source_address=source)
        connection.request("GET", "/health/live")
        connection.getresponse().read()
        nobody = client["id"][:-12] + uuid.uuid4().hex[:12]
        for times, client_id in [(known, client["id"]), (unknown, nobody)][:: 1 if pair % 2 else -1]:
            times.append(refuse(connection, client_id))
        connection.close()
    difference = abs(statistics.median(known) - statistics.median(unknown))
    # A lookup in the database or a slow hash, made for one of them only, would show as a multiple of this.
    assert difference < 0.1 * statistics.median(known) + 20e-6, f"{statistics.median(known)} s and {statistics.median(unknown)} s"
