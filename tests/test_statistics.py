"""Statistics count what was committed: all of it, once, whatever kills the server."""

import http.client
import threading

from support.endpoint import status
from support.server import Api, wait_until

def test_statistics_count_what_was_delivered_and_survive_a_restart(server, endpoint):
    endpoint.behave("/hook", status(200))
    endpoint.behave("/bad", status(500))
    good = server.api.subscribe(endpoint.url("/hook"))
    server.api.subscribe(endpoint.url("/bad"), retry={"scheduleMs": []})
    for number in range(40):
        server.api.publish(data=number)
    endpoint.wait_for(80)
    path = "tenants/default/statistics"

    def counted():
        total = server.api.expect(200, "GET", path)["total"]
        return total if total["delivered"] == 40 and total["exhausted"] == 40 else None

    total = wait_until(counted, what="counted")
    assert (total["accepted"], total["attempts"], total["failedAttempts"]) == (40, 80, {"status": 40})
    assert 0 < total["latencyMs"]["p50"] <= total["latencyMs"]["p99"]
    server.api.publish(data="last")
    endpoint.wait_for(82)
    assert server.stop() == 0
    server.start()
    mine = server.api.expect(200, "GET", f"{path}?subscription={good['id']}&topic=test.made&step=day")["total"]
    assert (mine["delivered"], mine["exhausted"], mine["accepted"]) == (41, 0, 0)
    assert server.api.expect(200, "GET", path)["total"]["accepted"] == 41


def test_counters_agree_with_the_rows_whatever_kills_the_server(server, endpoint):
    endpoint.behave("/hook", status(200))
    endpoint.behave("/bad", status(500))
    server.api.subscribe(endpoint.url("/hook"))
    server.api.subscribe(endpoint.url("/bad"), retry={"scheduleMs": [1]})
    stop = threading.Event()

    def publish():
        api = Api(server.port)
        while not stop.is_set():
            try:
                api.publish_batch([{"topic": "test.made", "data": "x"} for _ in range(10)])
            except (OSError, http.client.HTTPException):
                stop.wait(0.01)  # between two lives of the server

    publishers = [threading.Thread(target=publish) for _ in range(3)]
    for publisher in publishers:
        publisher.start()
    for cycle in range(4):
        endpoint.wait_for(len(endpoint.received) + 100)
        if cycle % 2 == 0:  # what was asked for before is folded already: nothing may be counted again
            server.api.expect(200, "GET", "tenants/default/statistics")
        server.kill()
        server.start()
    stop.set()
    for publisher in publishers:
        publisher.join()
    wait_until(lambda: not server.api.expect(200, "GET", "tenants/default/deliveries?status=pending&limit=1")["items"], what="nothing pending")

    events = server.api.items("tenants/default/events")
    deliveries = server.api.items("tenants/default/deliveries")
    total = server.api.expect(200, "GET", "tenants/default/statistics")["total"]
    ended = [delivery["status"] for delivery in deliveries]
    assert total["accepted"] == len(events) >= 400
    assert (total["delivered"], total["exhausted"]) == (ended.count("succeeded"), ended.count("exhausted"))
    assert total["attempts"] == sum(delivery["attempts"] for delivery in deliveries)
    assert sum(total["failedAttempts"].values()) == 2 * ended.count("exhausted")
