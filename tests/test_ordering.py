"""Order, rate limits, batches and failing endpoints through the built server: ordering.md and endpoint-health.md."""

import json
import random

from support.endpoint import status
from support.server import wait_until


def number_of(received):
    return json.loads(received.body)["data"]["n"]


def nothing_pending(server):
    return not server.api.expect(200, "GET", "tenants/default/deliveries?status=pending&limit=1")["items"]


def test_fifo_holds_under_failures_and_kills(make_server, endpoint):
    random_source = random.Random(11)
    answers = []  # (number, status), in the order of arrival

    async def flaky(received, writer):
        code = 500 if random_source.random() < 0.25 else 200
        answers.append((number_of(received), code))
        await status(code)(received, writer)

    endpoint.behave("/hook", flaky)
    server = make_server().start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"), order="fifo", retry={"scheduleMs": [5] * 40, "jitter": 0})
    count = 150
    for number in range(count):
        server.api.publish(data={"n": number})
        if number in (50, 100):
            server.kill()
            endpoint.wait_for_silence()
            server.start()
    wait_until(lambda: nothing_pending(server), 60, "nothing pending")

    done = set()
    for number, code in answers:
        assert number in done or number == len(done), f"{number} came while {len(done)} was not over: {answers}"
        if code == 200:
            done.add(number)
    assert len(done) == count
    assert len(answers) > count * 1.2, "the endpoint did not fail often enough to mean anything"


def test_a_key_that_fails_holds_up_only_itself(server, endpoint):
    async def refuse_a(received, writer):
        await status(500 if json.loads(received.body)["data"]["k"] == "a" else 200)(received, writer)

    endpoint.behave("/hook", refuse_a)
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"), order={"key": "$.data.k"}, retry={"scheduleMs": [600_000], "jitter": 0})
    for number in range(20):
        server.api.publish(data={"n": number, "k": "ab"[number % 2]})
    endpoint.wait_until(lambda requests: len(requests) == 11)
    assert [number_of(r) for r in endpoint.received if number_of(r) % 2] == list(range(1, 20, 2))
    assert [number_of(r) for r in endpoint.received if number_of(r) % 2 == 0] == [0]


def test_a_rate_limit_holds_and_keeps_up(server, endpoint):
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"), rateLimit={"perSecond": 20, "burst": 1})
    server.api.publish_batch([{"topic": "test.made", "data": {"n": number}} for number in range(40)])
    endpoint.wait_until(lambda requests: len(requests) == 40, seconds=20)
    times = sorted(r.at for r in endpoint.received)
    assert times[-1] - times[0] > 1.8
    for first in range(len(times)):
        within = sum(1 for at in times[first:] if at < times[first] + 1.0)
        assert within <= 24, "20 a second, and what a busy machine delays"


def test_batches_carry_events_in_order(server, endpoint):
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"), order="fifo", batching={"maxEvents": 10, "maxWaitMs": 300})
    server.api.publish_batch([{"topic": "test.made", "data": {"n": number}} for number in range(25)])
    endpoint.wait_until(lambda requests: sum(len(json.loads(r.body)) for r in requests) == 25)
    bodies = [json.loads(r.body) for r in endpoint.received]
    assert [event["data"]["n"] for body in bodies for event in body] == list(range(25))
    assert max(len(body) for body in bodies) == 10
    assert all(r.id.startswith("batch_") for r in endpoint.received)
    assert all(event["id"] and event["type"] == "test.made" for body in bodies for event in body)


def test_an_endpoint_that_only_fails_is_disabled_and_its_tenant_is_told(server, endpoint):
    endpoint.behave("/bad", status(500))
    server.api.topic("test.made")
    failing = server.api.subscribe(endpoint.url("/bad"), topics=["test.*"], disableAfterMs=500,
                                   retry={"scheduleMs": [50] * 50, "jitter": 0})
    server.api.subscribe(endpoint.url("/ops"), topics=["posthorn.**"])
    server.api.subscribe(endpoint.url("/all"))
    server.api.publish(data={"n": 1})

    def told(requests):
        return {json.loads(r.body)["type"] for r in requests if r.path == "/ops"} >= {
            "posthorn.subscription.failing", "posthorn.subscription.disabled"}

    endpoint.wait_until(told, seconds=20)
    (disabled,) = [json.loads(r.body)["data"] for r in endpoint.received
                   if r.path == "/ops" and b"posthorn.subscription.disabled" in r.body]
    assert disabled["subscription"]["id"] == failing["id"]
    assert disabled["reason"] == "failing"
    now = server.api.expect(200, "GET", f"tenants/default/subscriptions/{failing['id']}")
    assert not now["enabled"] and now["disabledReason"] == "failing"
    assert [r.path for r in endpoint.received].count("/all") == 1, "** is not for the server's own topics"
