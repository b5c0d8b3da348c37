"""What one line of the log says: enough to find it by tenant, subscription, request or event."""

import json

from support.server import wait_until


def lines_of(server, message):
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["message"] == message]


def test_an_event_can_be_followed_from_its_request_to_its_attempts(make_server, endpoint):
    server = make_server(log_level="debug").start()
    server.api.topic("test.made")
    subscription = server.api.subscribe(endpoint.url())
    event = server.api.publish(headers={"X-Request-Id": "the-request"})
    wait_until(lambda: lines_of(server, "attempt"), what="attempt in the log")

    (accepted,) = lines_of(server, "event accepted")
    assert {key: accepted[key] for key in ("tenant", "request", "event", "topic", "deliveries")} == {
        "tenant": "default", "request": "the-request", "event": event["id"], "topic": "test.made", "deliveries": 1,
    }  # fmt: skip
    (attempt,) = lines_of(server, "attempt")
    assert {key: attempt[key] for key in ("tenant", "subscription", "event", "state")} == {
        "tenant": "default", "subscription": subscription["id"], "event": event["id"], "state": "succeeded",
    }  # fmt: skip
    assert attempt["durationUs"] > 0
    (request,) = [line for line in lines_of(server, "request") if line["request"] == "the-request"]
    assert request["durationUs"] > 0
