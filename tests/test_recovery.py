"""Recovery jobs on the running server: thousands of failed deliveries are sent again, once each, whatever kills the server
meanwhile; what was never tried is tried; pausing and cancelling hold."""

from support.endpoint import status
from support.server import wait_until

LONG_AGO = "2020-01-01T00:00:00Z"
EVENTS = 4000


def publish_many(server, count):
    for first in range(0, count, 1000):
        results = server.api.publish_batch([{"topic": "test.made", "data": number} for number in range(first, min(first + 1000, count))])
        assert all(result["status"] == 202 for result in results)


def nothing_pending(server, seconds=60):
    def none():
        return not server.api.expect(200, "GET", "tenants/default/deliveries?status=pending&limit=1")["items"]

    wait_until(none, seconds, "nothing pending")


def job(server, started):
    return server.api.expect(200, "GET", f"tenants/default/jobs/{started['id']}")


def ended(server, started, state="done"):
    found = wait_until(lambda: (lambda now: now if now["state"] not in ("running", "paused") else None)(job(server, started)), what="the job's end")
    assert found["state"] == state, found
    return found


def fail_many(server, endpoint, count=EVENTS):
    """A subscription all of whose deliveries were given up."""
    endpoint.behave("/hook", status(500))
    subscription = server.api.subscribe(endpoint.url("/hook"), retry={"scheduleMs": []})
    publish_many(server, count)
    nothing_pending(server)
    return subscription


def test_a_kill_in_the_middle_of_a_recovery_loses_and_doubles_nothing(make_server, endpoint):
    server = make_server().start()
    server.api.topic("test.made")
    subscription = fail_many(server, endpoint)
    endpoint.behave("/hook", status(200))
    started = server.api.expect(202, "POST", f"tenants/default/subscriptions/{subscription['id']}/recover", {"since": LONG_AGO})
    kills = 0
    while kills < 3:
        before = job(server, started)["progress"]["done"]
        reached = wait_until(lambda before=before: (lambda now: now if now["progress"]["done"] > before or now["state"] != "running" else None)(job(server, started)), what="progress")
        if reached["state"] != "running":
            break
        server.kill()
        kills += 1
        server.start()
    assert kills > 0, "the job was over before it could be disturbed: the test proves nothing"
    done = ended(server, started)
    assert done["progress"] == {"done": EVENTS, "total": EVENTS, "changed": EVENTS, "skipped": 0}
    nothing_pending(server)
    deliveries = server.api.items("tenants/default/deliveries")
    assert len(deliveries) == EVENTS
    assert {delivery["status"] for delivery in deliveries} == {"succeeded"}
    assert {delivery["attempts"] for delivery in deliveries} == {2}


def test_what_was_never_tried_is_replayed_once(make_server, endpoint):
    server = make_server().start()
    server.api.topic("test.made")
    publish_many(server, 600)
    endpoint.behave("/hook", status(200))
    subscription = server.api.subscribe(endpoint.url("/hook"))
    server.api.publish(data="live")
    endpoint.wait_for(1)
    path = f"tenants/default/subscriptions/{subscription['id']}/replay-missing"
    for changed in (600, 0):
        done = ended(server, server.api.expect(202, "POST", path, {"since": LONG_AGO}))
        assert done["progress"]["changed"] == changed
    endpoint.wait_for(601)
    nothing_pending(server)
    assert len({received.id for received in endpoint.received}) == len(endpoint.received) == 601


def test_a_paused_job_rests_also_over_a_restart_and_a_cancelled_one_ends(make_server, endpoint):
    server = make_server().start()
    server.api.topic("test.made")
    fail_many(server, endpoint)
    endpoint.behave("/hook", status(200, delay=0.02))
    started = server.api.expect(202, "POST", "tenants/default/deliveries/resend", {"since": LONG_AGO})
    paused = server.api.expect(202, "POST", f"tenants/default/jobs/{started['id']}/pause")
    assert paused["state"] == "paused"
    wait_until(lambda: job(server, started)["state"] == "paused", what="paused")
    assert server.stop() == 0
    server.start()
    rested = job(server, started)
    assert rested["state"] == "paused"
    assert rested["progress"]["done"] < EVENTS
    server.api.expect(202, "POST", f"tenants/default/jobs/{started['id']}/resume")
    wait_until(lambda: job(server, started)["progress"]["done"] > rested["progress"]["done"], what="progress")
    server.api.expect(202, "POST", f"tenants/default/jobs/{started['id']}/cancel")
    assert server.api.call("POST", f"tenants/default/jobs/{started['id']}/resume").status == 409
    nothing_pending(server)
    done = job(server, started)
    assert done["state"] == "cancelled"
    statuses = [delivery["status"] for delivery in server.api.items("tenants/default/deliveries")]
    assert statuses.count("succeeded") == done["progress"]["changed"]
    assert statuses.count("exhausted") == EVENTS - done["progress"]["changed"]
