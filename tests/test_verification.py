"""The standardwebhooks packages of PyPI and npm accept what Posthorn sends, and refuse it when one byte is changed."""

import base64
import json
import random

import pytest
from support.verifiers import node_verdicts, python_verdict

PAYLOADS = 300
SIGNED_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
CHARACTERS = "abcXYZ019 .,:;\"'\\/\n\t\x01\x7f\u00e9\u00df\u4f60\u597d\u0639\u200d\u202e\ufffd\U0001f4ef\U0001f9d1\u200d\U0001f680"


def random_payload(random_source, depth=0):
    kind = random_source.randrange(7 if depth < 3 else 5)
    if kind == 0:
        return random_source.choice([None, True, False])
    if kind == 1:
        return random_source.randrange(-(2**53), 2**53)
    if kind == 2:
        return random_source.uniform(-1e9, 1e9)
    if kind in (3, 4):
        return "".join(random_source.choices(CHARACTERS, k=random_source.randrange(60)))
    if kind == 5:
        return [random_payload(random_source, depth + 1) for _ in range(random_source.randrange(6))]
    return {
        "".join(random_source.choices(CHARACTERS, k=random_source.randrange(1, 12))): random_payload(random_source, depth + 1)
        for _ in range(random_source.randrange(6))
    }


def flip(text, at):
    """The text with one character changed, still text that a header or body can hold."""
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def changed_copies(request, random_source):
    """The request four times, each with one byte changed somewhere else: body, id, timestamp, signature."""
    headers, body = request
    position = random_source.randrange(len(body))
    yield headers, body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
    for name in SIGNED_HEADERS:
        value = headers[name]
        if name == "webhook-timestamp":  # still a number inside the window
            yield {**headers, name: str(int(value) - 1)}, body
        else:
            first = len("v1,") if name == "webhook-signature" else 0
            # Not the last character before the padding: two base64 texts may mean the same bytes there.
            yield {**headers, name: flip(value, random_source.randrange(first, len(value) - 2))}, body


@pytest.fixture
def sent(server, endpoint):
    """The secret, and what the endpoint received for PAYLOADS random payloads."""
    random_source = random.Random(20)
    secret = server.api.subscribe(endpoint.url("/hook"))["secret"]
    payloads = [random_payload(random_source) for _ in range(PAYLOADS)]
    for first in range(0, PAYLOADS, 100):
        results = server.api.publish_batch([{"topic": "test.made", "data": data} for data in payloads[first : first + 100]])
        assert [result["status"] for result in results] == [202] * len(results)
    received = endpoint.wait_for(PAYLOADS, "/hook")
    assert sorted(map(json.dumps, (json.loads(r.body)["data"] for r in received))) == sorted(map(json.dumps, payloads))
    return secret, [({name: r.headers[name] for name in SIGNED_HEADERS}, r.body) for r in received]


def test_independent_verifiers_accept_what_is_sent(sent):
    secret, requests = sent
    assert [python_verdict(secret, *request) for request in requests] == ["accepted"] * PAYLOADS
    assert node_verdicts(secret, requests) == ["accepted"] * PAYLOADS


def test_independent_verifiers_refuse_one_changed_byte(sent):
    secret, requests = sent
    random_source = random.Random(21)
    changed = [copy for request in requests for copy in changed_copies(request, random_source)]
    assert [python_verdict(secret, *request) for request in changed] == ["refused"] * (4 * PAYLOADS)
    # The npm package decodes text: a changed byte that breaks UTF-8 becomes U+FFFD and is refused all the same.
    assert node_verdicts(secret, changed) == ["refused"] * (4 * PAYLOADS)


def test_a_secret_of_the_owner_signs(server, endpoint):
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    server.api.subscribe(endpoint.url("/hook"), secret=secret)
    server.api.publish(data={"own": True})
    (request,) = endpoint.wait_for(1, "/hook")
    assert python_verdict(secret, request.headers, request.body) == "accepted"
    assert python_verdict("whsec_" + base64.b64encode(bytes(32)).decode(), request.headers, request.body) == "refused"
