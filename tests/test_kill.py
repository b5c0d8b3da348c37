"""kill -9 in a loop while publishing: nothing acknowledged is lost, only what was in flight is sent twice, and it is sent
again soon after the restart. `--cycles 200` for the long run (make bench-long).

In flight at a kill: attempts whose request the endpoint had received and not answered, and attempts answered so shortly
before the kill that their record was not yet on disk.
"""

import random
import time
from dataclasses import dataclass

from support.endpoint import status
from support.journal import Publisher, check
from support.server import wait_until

ANSWER_SECONDS = 0.02
RECORDING_SECONDS = 0.1  # generous time from an answer to its record on disk
AGAIN_SECONDS = 1.0  # from the start of the server to the last attempt that was open at the kill
LONG_RUN_CYCLES = 200
BUSY_MACHINE = 10  # how much later than AGAIN_SECONDS the short run accepts, beside other work


@dataclass
class Repeats:
    """Requests that came again, by what the one before was when the server was killed between them."""

    open: int = 0
    answered: int = 0
    oldest_answer: float = 0.0  # seconds before the kill
    unexplained: int = 0  # no kill between the two


def repeats_of(received, kills):
    """`received`: in order of arrival; `kills`: (how many had been received from the server that was killed, when)."""
    repeats, last = Repeats(), {}
    for place, request in enumerate(received):
        earlier = last.get(request.id)
        last[request.id] = place
        if earlier is None:
            continue
        before = received[earlier]
        killed_at = max((at for count, at in kills if earlier < count <= place), default=None)
        if killed_at is None:
            repeats.unexplained += 1
        elif before.answered_at is None or before.answered_at > killed_at:
            repeats.open += 1
        else:
            repeats.answered += 1
            repeats.oldest_answer = max(repeats.oldest_answer, killed_at - before.answered_at)
    return repeats


def test_kill_loses_nothing_and_repeats_only_what_was_in_flight(make_server, endpoint, tmp_path, request):
    cycles = request.config.getoption("--cycles")
    random_source = random.Random(7)
    endpoint.behave("/hook", status(200, delay=ANSWER_SECONDS))
    server = make_server().start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"))
    publisher = Publisher(server.port, tmp_path / "journal").start()
    in_flight = 0
    kills = []
    slowest_resend = 0.0

    for _ in range(cycles):
        time.sleep(random_source.uniform(0.15, 0.5))  # how long it lives is what varies; nothing is waited for
        killed_at = server.kill()
        dead_at = time.monotonic()
        endpoint.wait_for_silence()
        at_kill = endpoint.received
        kills.append((len(at_kill), killed_at))
        in_flight += sum(1 for r in at_kill if r.answered_at is None or r.answered_at > killed_at)
        # Those for which no answer can have been recorded, however late the endpoint noted its answer.
        open_ids = {r.id for r in at_kill if r.answering_at is None or r.answering_at > dead_at}
        started_at = time.monotonic()
        server.start()
        endpoint.wait_for_ids(open_ids, after=len(at_kill))
        again = {}
        for received in endpoint.received[len(at_kill):]:
            if received.id in open_ids:
                again.setdefault(received.id, received.at)
        slowest_resend = max([slowest_resend, *(at - started_at for at in again.values())])

    publisher.stop()
    endpoint.behave("/hook", status(200))  # what waits goes out as fast as it can
    acknowledged = set(publisher.acknowledged)
    received = wait_for_all(server, endpoint, acknowledged)
    verdict = check(acknowledged, publisher.offered, [r.id for r in received])
    repeats = repeats_of(received, kills)
    # A busy machine records late: as late as it acknowledges what is published, which waits for the disk too.
    recording_seconds = max(RECORDING_SECONDS, 2 * publisher.slowest_seconds)
    print(f"{cycles} kills: {len(acknowledged)} acknowledged, {len(verdict.lost)} lost, {verdict.duplicates} duplicates: {repeats.open} of "
          f"the {in_flight} requests open at the kills and {repeats.answered} answered at most {repeats.oldest_answer * 1000:.0f} ms before and "
          f"not yet recorded, sent again within {slowest_resend:.3f} s of the restart")
    assert len(acknowledged) > cycles * 5, "the rig published too little to mean anything"
    assert in_flight > 0, "no kill hit an attempt: the rig proves nothing"
    assert not verdict.lost
    assert not verdict.ghosts
    assert verdict.duplicates == repeats.open + repeats.answered, f"{repeats.unexplained} came twice with no kill between"
    assert repeats.open <= in_flight
    assert repeats.oldest_answer < recording_seconds
    assert slowest_resend < AGAIN_SECONDS * (1 if cycles >= LONG_RUN_CYCLES else BUSY_MACHINE)


def wait_for_all(server, endpoint, acknowledged):
    """Waits until nothing is pending; answers every request received."""
    endpoint.wait_for_ids(acknowledged)
    wait_until(lambda: not server.api.expect(200, "GET", "tenants/default/deliveries?status=pending&limit=1")["items"], what="nothing pending")
    return endpoint.received


def test_the_checker_finds_a_lost_and_a_repeated_delivery():
    acknowledged = [f"e{number}" for number in range(100)]
    offered = [*acknowledged, "unanswered"]
    arrivals = [*acknowledged, "unanswered"]
    assert check(acknowledged, offered, arrivals) == check(acknowledged, offered, reversed(arrivals))
    assert not check(acknowledged, offered, arrivals).lost
    assert check(acknowledged, offered, [a for a in arrivals if a != "e42"]).lost == {"e42"}
    assert check(acknowledged, offered, [*arrivals, "e1", "e1", "e2"]).duplicates == 3
    assert check(acknowledged, offered, [*arrivals, "nobody"]).ghosts == {"nobody"}


@dataclass
class Arrival:
    id: str
    at: float
    answered_at: float | None


def test_the_explanation_of_repeats_finds_those_without_one():
    first = [Arrival("open", 9.9, None), Arrival("answered", 9.8, 9.95), Arrival("recorded", 1.0, 1.1)]
    again = [Arrival("open", 10.5, 10.6), Arrival("answered", 10.5, 10.6), Arrival("alive", 11.0, 11.1), Arrival("alive", 12.0, 12.1)]
    kills = [(3, 10.0), (7, 20.0)]
    assert repeats_of([*first, *again], kills) == Repeats(open=1, answered=1, oldest_answer=10.0 - 9.95, unexplained=1)
    assert repeats_of([*first, Arrival("recorded", 10.5, 10.6)], kills).oldest_answer == 10.0 - 1.1
