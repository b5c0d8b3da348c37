"""Retries that wait survive a restart with their due times, however the server ended; and an event for thousands of
subscriptions survives a kill in the middle of its fan-out."""

import contextlib
import sqlite3
import time
from collections import Counter

import pytest
from support.endpoint import sequence, status
from support.server import wait_until

SUBSCRIPTIONS = 2000
EVENTS = 60  # of one batch


def pending_delivery(server, event):
    def attempted():
        (delivery,) = server.api.deliveries_of(event["id"])
        return delivery if delivery["attempts"] == 1 else None

    return wait_until(attempted, what="the first attempt is recorded")


@pytest.mark.parametrize("ending", ["terminated", "killed"])
def test_due_times_survive_a_restart(make_server, endpoint, ending):
    delay_seconds = 8.0  # a busy machine restarts the server within
    endpoint.behave("/hook", sequence(status(500), status(200)))
    server = make_server().start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"), retry={"scheduleMs": [int(delay_seconds * 1000)], "jitter": 0})
    event = server.api.publish()
    (first,) = endpoint.wait_for(1)
    before = pending_delivery(server, event)
    if ending == "killed":
        server.kill()
    else:
        assert server.stop() == 0
    server.start()
    ready_at = time.monotonic()
    after = pending_delivery(server, event)
    assert {**after, "updatedAt": None} == {**before, "updatedAt": None}
    _, second = endpoint.wait_for(2)
    assert second.at - first.at > delay_seconds - 0.1, "the restart brought the retry forward"
    assert second.at - max(ready_at, first.at + delay_seconds) < 30.0, "the restart put the retry off"
    assert second.id == first.id and second.body == first.body


def test_a_resend_and_a_cancel_survive_a_kill(make_server, endpoint):
    endpoint.behave("/gone", status(500))
    server = make_server().start()
    server.api.topic("test.made")
    server.api.topic("test.other")
    server.api.subscribe(endpoint.url("/hook"), topics=["test.made"])
    server.api.subscribe(endpoint.url("/gone"), topics=["test.other"], retry={"scheduleMs": [600_000], "jitter": 0})
    done = server.api.publish()
    endpoint.wait_for(1, "/hook")
    (delivery,) = server.api.deliveries_of(done["id"])
    wait_until(lambda: server.api.deliveries_of(done["id"])[0]["status"] == "succeeded", what="recorded")
    waiting = server.api.publish("test.other")
    cancelled = pending_delivery(server, waiting)
    server.api.expect(202, "POST", f"tenants/default/deliveries/{cancelled['id']}/cancel")
    server.api.expect(202, "POST", f"tenants/default/deliveries/{delivery['id']}/resend")
    server.kill()
    server.start()
    first, second = endpoint.wait_for(2, "/hook")[:2]
    assert first.id == second.id
    assert server.api.expect(200, "GET", f"tenants/default/deliveries/{cancelled['id']}")["status"] == "cancelled"
    assert len(endpoint.on("/gone")) == 1


def test_a_fanout_survives_a_kill_in_its_middle(make_server, endpoint):
    server = make_server().start()
    server.api.topic("test.made")
    for number in range(SUBSCRIPTIONS):
        server.api.subscribe(endpoint.url(f"/s/{number}"))
    event = server.api.publish()
    assert event["deliveries"] == SUBSCRIPTIONS
    at_kill = endpoint.wait_until(lambda requests: len(requests) >= 100)
    server.kill()
    endpoint.wait_for_silence()
    so_far = len(endpoint.received)
    assert len(at_kill) < SUBSCRIPTIONS, "the fan-out was over before the kill: the test proves nothing"
    server.start()
    paths = {f"/s/{number}" for number in range(SUBSCRIPTIONS)}
    endpoint.wait_until(lambda requests: len(requests) >= SUBSCRIPTIONS and paths <= {r.path for r in requests})
    wait_until(lambda: not server.api.expect(200, "GET", "tenants/default/deliveries?status=pending&limit=1")["items"], what="nothing pending")
    counts = Counter(r.path for r in endpoint.received)
    repeated = sum(count - 1 for count in counts.values())
    print(f"{so_far} of {SUBSCRIPTIONS} received at the kill, {repeated} received again")
    assert {r.id for r in endpoint.received} == {event["id"]}
    assert repeated <= so_far and max(counts.values()) <= 2
    deliveries = server.api.deliveries_of(event["id"])
    assert len(deliveries) == SUBSCRIPTIONS
    assert {d["status"] for d in deliveries} == {"succeeded"}


def unfinished_fanouts(server):
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/posthorn.db?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM fanouts").fetchone()[0]


def test_what_was_acknowledged_is_made_after_a_kill_whatever_subscriptions_say_by_then(make_server):
    server = make_server().start()
    server.api.topic("test.made")
    server.api.topic("test.other")
    made = [
        server.api.subscribe(f"http://127.0.0.1:1/{number}", topics=["test.made"], retry={"scheduleMs": [3_600_000], "jitter": 0})["id"]
        for number in range(SUBSCRIPTIONS)
    ]
    begins = server.api.subscribe("http://127.0.0.1:1/begins", topics=["test.other"])["id"]
    *_, edited, disabled = made  # the youngest: the last to get theirs
    events = server.api.publish_batch([{"topic": "test.made", "data": number} for number in range(EVENTS)])
    assert [event["deliveries"] for event in events] == [SUBSCRIPTIONS] * EVENTS
    for subscription, change in ((disabled, {"enabled": False}), (edited, {"topics": ["test.other"]}), (begins, {"topics": ["test.made"]})):
        server.api.expect(200, "PATCH", f"tenants/default/subscriptions/{subscription}", change)
    server.kill()
    unfinished = unfinished_fanouts(server)
    assert unfinished > 0, "the fan-outs were over before the kill: the test proves nothing"
    print(f"{unfinished} of {EVENTS} fan-outs unfinished at the kill")
    server.start()
    server.api.expect(200, "PATCH", f"tenants/default/subscriptions/{disabled}", {"enabled": True})
    wait_until(lambda: unfinished_fanouts(server) == 0, what="every fan-out is finished", interval=0.2)
    for subscription, deliveries in ((made[0], EVENTS), (disabled, EVENTS), (edited, EVENTS), (begins, 0)):
        assert len(server.api.items(f"tenants/default/deliveries?subscription={subscription}")) == deliveries
    assert len(server.api.deliveries_of(events[-1]["id"])) == SUBSCRIPTIONS
