"""Retry policies through the built server: the repeat at once, statuses that end, presets."""

import base64
import json

from support.endpoint import sequence, status
from support.server import free_port, wait_until


def only_delivery(server, event):
    (delivery,) = server.api.deliveries_of(event["id"])
    return delivery


def attempts(server, event):
    return server.api.attempts_of(only_delivery(server, event)["id"])


def test_a_first_attempt_that_cannot_connect_is_repeated_once_at_once(server):
    closed = f"http://127.0.0.1:{free_port()}/hook"
    server.api.subscribe(closed, retry={"scheduleMs": [600_000], "jitter": 0})
    event = server.api.publish()
    wait_until(lambda: len(attempts(server, event)) == 2, 10, "two attempts")
    assert [attempt["failure"] for attempt in attempts(server, event)] == ["connect", "connect"]
    assert only_delivery(server, event)["status"] == "pending", "the schedule's own retry is still to come"


def test_statuses_of_end_on_end_a_delivery_at_once(server, endpoint):
    endpoint.behave("/hook", sequence(status(503), status(422), status(200)))
    server.api.subscribe(endpoint.url("/hook"), retry={"scheduleMs": [50, 50, 50], "jitter": 0, "endOn": [400, 422]})
    event = server.api.publish()
    wait_until(lambda: only_delivery(server, event)["status"] == "exhausted", 10, "the end")
    assert [attempt["statusCode"] for attempt in attempts(server, event)] == [503, 422]


def test_presets_bring_schedule_and_timeout(server, endpoint):
    made = server.api.subscribe(endpoint.url("/hook"), retry={"preset": "ovation"})
    assert made["retry"] == {"preset": "ovation", "jitter": 0} and made["timeoutMs"] == 10_000
    changed = server.api.expect(200, "PATCH", f"tenants/default/subscriptions/{made['id']}", {"retry": {"preset": "orangelogic"}})
    assert changed["retry"] == {"preset": "orangelogic", "jitter": 0.2} and changed["timeoutMs"] == 15_000
