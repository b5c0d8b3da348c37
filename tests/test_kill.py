"""kill -9 in a loop while publishing: nothing acknowledged is lost, duplicates are at most what was in flight, and what was
in flight is sent again soon after the restart. `--cycles 200` for the long run (make bench-long).

In flight at a kill: requests that the endpoint had received and not answered, and those answered so shortly before the kill
that their record may not have been on disk.
"""

import random
import time

from support.endpoint import status
from support.journal import Publisher, check
from support.server import wait_until

ANSWER_SECONDS = 0.02
RECORDING_SECONDS = 0.1  # generous time from an answer to its record on disk


def event_ids(requests):
    return [request.id for request in requests]


def test_kill_loses_nothing_and_repeats_only_what_was_in_flight(make_server, endpoint, tmp_path, request):
    cycles = request.config.getoption("--cycles")
    random_source = random.Random(7)
    endpoint.behave("/hook", status(200, delay=ANSWER_SECONDS))
    server = make_server().start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"))
    publisher = Publisher(server.port, tmp_path / "journal").start()
    in_flight = 0
    answered_before_kill = []  # seconds
    slowest_resend = 0.0

    for _ in range(cycles):
        time.sleep(random_source.uniform(0.15, 0.5))  # how long it lives is what varies; nothing is waited for
        killed_at = server.kill()
        dead_at = time.monotonic()
        endpoint.wait_for_silence()
        at_kill = endpoint.received
        in_flight += sum(1 for r in at_kill if r.answered_at is None or r.answered_at > killed_at)
        # Those for which no answer can have been recorded, however late the endpoint noted its answer.
        open_ids = {r.id for r in at_kill if r.answering_at is None or r.answering_at > dead_at}
        answered_before_kill += [killed_at - r.answered_at for r in at_kill if r.answered_at and r.answered_at <= killed_at]
        server.start()
        ready_at = time.monotonic()
        endpoint.wait_for_ids(open_ids, after=len(at_kill))
        again = {}
        for received in endpoint.received[len(at_kill):]:
            if received.id in open_ids:
                again.setdefault(received.id, received.at)
        slowest_resend = max([slowest_resend, *(at - ready_at for at in again.values())])

    publisher.stop()
    acknowledged = set(publisher.acknowledged)
    by_external_id = wait_for_all(server, endpoint, acknowledged)
    verdict = check(acknowledged, publisher.offered, by_external_id)
    # A busy machine records late: as late as it acknowledges what is published, which waits for the disk too.
    recording_seconds = max(RECORDING_SECONDS, 2 * publisher.slowest_seconds)
    unrecorded = sum(1 for seconds in answered_before_kill if seconds < recording_seconds)
    print(f"{cycles} kills: {len(acknowledged)} acknowledged, {len(verdict.lost)} lost, {verdict.duplicates} duplicates, "
          f"{in_flight} in flight and {unrecorded} just answered at the kills, sent again within {slowest_resend:.3f} s of ready")
    assert len(acknowledged) > cycles * 5, "the rig published too little to mean anything"
    assert in_flight > 0, "no kill hit an attempt: the rig proves nothing"
    assert not verdict.lost
    assert not verdict.ghosts
    assert verdict.duplicates <= in_flight + unrecorded
    assert slowest_resend < 30.0


def wait_for_all(server, endpoint, acknowledged):
    """Waits until nothing is pending; answers the publisher's id of every request received."""
    endpoint.wait_for_ids(acknowledged)
    wait_until(lambda: not server.api.expect(200, "GET", "tenants/default/deliveries?status=pending&limit=1")["items"], what="nothing pending")
    return event_ids(endpoint.received)


def test_the_checker_finds_a_lost_and_a_repeated_delivery():
    acknowledged = [f"e{number}" for number in range(100)]
    offered = [*acknowledged, "unanswered"]
    arrivals = [*acknowledged, "unanswered"]
    assert check(acknowledged, offered, arrivals) == check(acknowledged, offered, reversed(arrivals))
    assert not check(acknowledged, offered, arrivals).lost
    assert check(acknowledged, offered, [a for a in arrivals if a != "e42"]).lost == {"e42"}
    assert check(acknowledged, offered, [*arrivals, "e1", "e1", "e2"]).duplicates == 3
    assert check(acknowledged, offered, [*arrivals, "nobody"]).ghosts == {"nobody"}
