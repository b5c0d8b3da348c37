"""Polling under load: what concurrent publishers put in comes out once, in order, whatever the consumer and the server suffer."""

import threading
import time

from support.server import GENEROUS_SECONDS, Api, wait_until

PUBLISHERS = 6
EVENTS_EACH = 300


def polled(api, topics=("**",), **fields):
    return api.expect(201, "POST", "tenants/default/subscriptions", {"kind": "poll", "topics": list(topics), **fields})


def poll(api, subscription, **query):
    text = "&".join(f"{name}={value}" for name, value in query.items() if value is not None)
    return api.expect(200, "GET", f"tenants/default/subscriptions/{subscription['id']}/poll?{text}", timeout=60.0)


def acknowledge(api, subscription, cursor):
    return api.expect(200, "POST", f"tenants/default/subscriptions/{subscription['id']}/poll/ack", {"cursor": cursor})["acknowledged"]


def test_nothing_is_lost_or_passed_under_concurrent_publishing(server):
    subscription = polled(server.api)
    acknowledged, errors = set(), []

    def publish(number):
        api = Api(server.port)
        try:
            for event in range(EVENTS_EACH):
                if event % 3 == 0:
                    events = [{"topic": "test.made", "data": [number, event], "id": f"p{number}-{event}-{i}"} for i in range(3)]
                    assert all(result["status"] == 202 for result in api.publish_batch(events))
                    acknowledged.update(one["id"] for one in events)
                else:
                    acknowledged.add(api.publish(data=[number, event], id=f"p{number}-{event}")["id"])
        except Exception as error:  # noqa: BLE001 - shown by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(PUBLISHERS)]
    for thread in threads:
        thread.start()
    read, cursor = [], None
    while True:
        working = any(thread.is_alive() for thread in threads)
        page = poll(server.api, subscription, cursor=cursor, limit=50, waitMs=500)
        read += [item["id"] for item in page["items"]]
        cursor = page["cursor"]
        if not working and not page["items"]:
            break
    assert not errors, errors[0]
    assert len(read) == len(set(read)), "an event came twice"
    assert set(read) == acknowledged, "an event was passed by"
    for number in range(PUBLISHERS):  # a publisher's own events come in the order in which they were accepted
        mine = [int(name.split("-")[1]) for name in read if name.startswith(f"p{number}-")]
        assert mine == sorted(mine)
    assert acknowledge(server.api, subscription, cursor) == len(read)
    assert poll(server.api, subscription)["items"] == []


def test_a_read_waits_and_is_woken_by_the_event(server):
    subscription = polled(server.api)
    found = {}

    def read():
        begun = time.monotonic()
        found["items"] = poll(Api(server.port), subscription, waitMs=20000)["items"]
        found["seconds"] = time.monotonic() - begun

    reader = threading.Thread(target=read)
    reader.start()
    time.sleep(0.3)  # nothing to wait for from outside: the reader is to be waiting by now
    server.api.publish(data="woken")
    reader.join(GENEROUS_SECONDS)
    assert [item["data"] for item in found["items"]] == ["woken"]
    assert found["seconds"] < 10
    begun = time.monotonic()
    assert poll(server.api, subscription, cursor=None, waitMs=0)["items"]
    assert time.monotonic() - begun < 5


def test_what_was_not_acknowledged_is_read_again_after_a_kill(server):
    subscription = polled(server.api)
    for number in range(20):
        server.api.publish(data=number)
    first = poll(server.api, subscription, limit=8)
    assert acknowledge(server.api, subscription, first["items"][4]["cursor"]) == 5
    server.kill()
    server.start()
    page = poll(server.api, subscription)
    assert [item["data"] for item in page["items"]] == list(range(5, 20))
    assert page["done"] is True


def test_a_stopping_server_answers_those_who_wait_at_once(server):
    subscription = polled(server.api)
    answers = []

    def read():
        answers.append(poll(Api(server.port), subscription, waitMs=30000))

    readers = [threading.Thread(target=read) for _ in range(5)]
    for reader in readers:
        reader.start()
    time.sleep(0.5)  # as above
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 10
    for reader in readers:
        reader.join(GENEROUS_SECONDS)
    assert [answer["items"] for answer in answers] == [[]] * 5


def test_too_many_who_wait_are_refused(server):
    subscription = polled(server.api)

    def wait_in_line():
        """The test's own question below may have the last place for a moment."""
        path = f"tenants/default/subscriptions/{subscription['id']}/poll?waitMs=30000"
        while Api(server.port).call("GET", path).status == 503:
            time.sleep(0.01)

    readers = [threading.Thread(target=wait_in_line) for _ in range(16)]
    for reader in readers:
        reader.start()
    path = f"tenants/default/subscriptions/{subscription['id']}/poll?waitMs=1"
    wait_until(lambda: server.api.call("GET", path).status == 503, what="the seventeenth refused")
    server.api.publish()
    for reader in readers:
        reader.join(GENEROUS_SECONDS)
        assert not reader.is_alive()
