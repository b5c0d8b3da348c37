"""Fifty endpoints that hang, drip or answer without end stand beside a healthy one: the healthy one gets everything at once,
long before the first hanging attempt has used up its time."""

import time

from support.endpoint import Endpoint, disconnect, drip, endless, hang, status
from support.server import wait_until

BAD = 50
EVENTS = 200
TIMEOUT_SECONDS = 60


def test_bad_endpoints_do_not_delay_a_healthy_one(make_server, endpoint):
    server = make_server(environment={"POSTHORN_SHUTDOWN_GRACE": "1s"}).start()
    server.api.topic("test.made")
    addresses = [f"127.0.1.{number + 1}" for number in range(BAD)]
    with Endpoint(addresses) as bad:
        for prefix, behaviour in (("/0", hang), ("/1", drip(0.05)), ("/2", endless()), ("/3", disconnect()), ("/4", status(500))):
            bad.behave(prefix, behaviour)
        for number, address in enumerate(addresses):
            server.api.subscribe(bad.url(f"/{number % 5}", address), timeoutMs=TIMEOUT_SECONDS * 1000)
        server.api.subscribe(endpoint.url("/hook"))

        begun = time.monotonic()
        sent = {}
        for number in range(EVENTS):
            event = server.api.publish(data=number)
            assert event["deliveries"] == BAD + 1
            sent[event["id"]] = time.monotonic()
        received = endpoint.wait_for(EVENTS, "/hook", seconds=TIMEOUT_SECONDS / 2)
        assert received[-1].at - begun < TIMEOUT_SECONDS / 2
        assert {r.id for r in received} == set(sent)
        assert len(bad.on("/0")) > 0, "nothing was hanging: the test proves nothing"
        waits = sorted(r.at - sent[r.id] for r in received)
        print(f"{EVENTS} events beside {BAD} bad endpoints: p50 {waits[EVENTS // 2] * 1000:.1f} ms, last {waits[-1] * 1000:.1f} ms")


def test_an_endpoint_that_comes_back_gets_what_waited(server, endpoint):
    endpoint.down()
    server.api.subscribe(endpoint.url("/hook"), retry={"scheduleMs": [200] * 20 + [2000] * 30, "jitter": 0})
    ids = {server.api.publish(data=number)["id"] for number in range(50)}
    wait_until(lambda: any(d["attempts"] for d in server.api.items("tenants/default/deliveries")), what="an attempt failed")
    assert not endpoint.received
    endpoint.up()
    endpoint.wait_for_ids(ids)
