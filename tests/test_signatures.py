"""Every signature is accepted by the library that receivers use for it, refused when anything is changed, and passes from an old
secret to a new one as documented: at the right time, without a restart and over one."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import time
from datetime import datetime

import pytest
from support.server import ROOT, wait_until
from support.verifiers import NODE_LIBRARIES, PYTHON_LIBRARIES, node_verdicts, python_verdict

SIGNATURES = ["v1", "v1a", "hub-sha256", "timestamped"]
NAMES = {"timestamped": "Stripe-Signature"}
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature", "stripe-signature", "x-hub-signature-256")


def parts(request):
    return {name: request.headers[name] for name in HEADERS}, request.body


def verdicts(secret, request):
    """What each library says, by its name."""
    headers, body = parts(request)
    found = {f"npm {library}": node_verdicts(secret, [(headers, body)], library)[0] for library in NODE_LIBRARIES}
    found |= {f"pypi {library}": python_verdict(secret, headers, body, library) for library in PYTHON_LIBRARIES}
    return found


def accepted_by(secret, request):
    return {name for name, verdict in verdicts(secret, request).items() if verdict == "accepted"}


ALL = {f"npm {library}" for library in NODE_LIBRARIES} | {f"pypi {library}" for library in PYTHON_LIBRARIES}
# X-Hub-Signature-256 has room for one value.
ONE_VALUE = {"npm @octokit/webhooks-methods"}


def rotate(server, subscription, **body):
    return server.api.expect(200, "POST", f"tenants/default/subscriptions/{subscription['id']}/rotate-secret", body)


def next_request(server, endpoint, count):
    server.api.publish(data={"n": count})
    return endpoint.wait_for(count)[-1]


def until(rotation):
    return datetime.fromisoformat(rotation["previousValidUntil"]).timestamp()


@pytest.fixture
def subscription(server, endpoint):
    return server.api.subscribe(endpoint.url("/hook"), signatures=SIGNATURES, signatureHeaders=NAMES)


def test_each_library_accepts_its_signature(server, endpoint, subscription):
    request = next_request(server, endpoint, 1)
    assert accepted_by(subscription["secret"], request) == ALL
    assert accepted_by("whsec_" + base64.b64encode(bytes(32)).decode(), request) == set()


def test_each_library_refuses_a_changed_byte(server, endpoint, subscription):
    request = next_request(server, endpoint, 1)
    request.body = request.body.replace(b'"n":1', b'"n":2').replace(b'"n": 1', b'"n": 2')
    assert accepted_by(subscription["secret"], request) == set()


def test_the_public_key_checks_v1a(server, endpoint, subscription):
    key = server.api.expect(200, "GET", f"tenants/default/subscriptions/{subscription['id']}/public-key")["publicKey"]
    assert key == subscription["publicKey"]
    headers, body = parts(next_request(server, endpoint, 1))
    other = server.api.subscribe(endpoint.url("/other"), topics=["never"], signatures=["v1a"])["publicKey"]
    assert other != key
    requests = [(headers, body), (headers, body + b" "), ({**headers, "webhook-id": "other"}, body)]
    assert node_verdicts(key, requests, "v1a") == ["accepted", "refused", "refused"]
    assert node_verdicts(other, requests, "v1a") == ["refused"] * 3


def test_both_secrets_sign_until_the_overlap_ends(server, endpoint, subscription):
    old = subscription["secret"]
    rotation = rotate(server, subscription, overlapMs=6000)
    new = rotation["secret"]
    assert new != old
    during = next_request(server, endpoint, 1)
    assert accepted_by(old, during) == ALL
    assert accepted_by(new, during) == ALL - ONE_VALUE
    assert node_verdicts(subscription["publicKey"], [parts(during)], "v1a") == ["accepted"], "the key pair stays"
    assert int(during.headers["webhook-timestamp"]) < until(rotation), "the machine is too slow for this test"

    wait_until(lambda: time.time() > until(rotation) + 0.05, 20, "the overlap's end")
    after = next_request(server, endpoint, 2)
    assert accepted_by(old, after) == set()
    assert accepted_by(new, after) == ALL


def test_an_overlap_holds_over_a_restart(make_server, endpoint):
    server = make_server().start()
    server.api.topic("test.made")
    subscription = server.api.subscribe(endpoint.url("/hook"), signatures=SIGNATURES, signatureHeaders=NAMES)
    rotation = rotate(server, subscription, overlapMs=3_600_000)
    assert server.stop() == 0
    server.start()
    request = next_request(server, endpoint, 1)
    assert accepted_by(subscription["secret"], request) == ALL
    assert accepted_by(rotation["secret"], request) == ALL - ONE_VALUE
    log = server.log
    assert rotation["secret"] not in log and subscription["secret"] not in log


def test_an_old_secret_ends_at_once_when_asked(server, endpoint, subscription):
    own = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    assert rotate(server, subscription, secret=own, overlapMs=0) == {"secret": own, "previousValidUntil": None}
    request = next_request(server, endpoint, 1)
    assert accepted_by(subscription["secret"], request) == set()
    assert accepted_by(own, request) == ALL


def ol_part(secret, body, digest):
    return base64.b64encode(hmac.new(secret.encode(), body, digest).digest()).decode()


@pytest.mark.parametrize(("scheme", "digest"), [("ol-sha256", hashlib.sha256), ("ol-sha512", hashlib.sha512)])
def test_orange_logics_signature_marks_the_new_secret(server, endpoint, scheme, digest):
    old = "OldSecretOfLettersAndDigits1"
    new = "NewSecretOfLettersAndDigits2"
    subscription = server.api.subscribe(endpoint.url("/hook"), format="orangelogic", signatures=[scheme], secret=old)
    first = next_request(server, endpoint, 1)
    assert first.headers["x-ol-signature"] == f"v1,{ol_part(old, first.body, digest)}"
    rotate(server, subscription, secret=new)
    second = next_request(server, endpoint, 2)
    assert second.headers["x-ol-signature"] == f"v1,{ol_part(old, second.body, digest)} v1a,{ol_part(new, second.body, digest)}"
    body = json.loads(second.body)
    assert body["Topic"] == "test.made" and body["Data"] == {"n": 2} and body["Tenant"] == "default"


def test_orchestrys_secret_is_in_header_and_body(server, endpoint):
    secret = "a-plain-secret-of-the-owner"
    subscription = server.api.subscribe(endpoint.url("/hook"), format="orchestry", signatures=["secret"], secret=secret)
    server.api.subscribe(endpoint.url("/silent"), format="orchestry")
    request = next_request(server, endpoint, 1)
    silent = request
    if request.path != "/hook":
        request = endpoint.wait_for(1, "/hook")[0]
    else:
        silent = endpoint.wait_for(1, "/silent")[0]
    assert request.headers["x-orchestry-secret"] == secret
    assert json.loads(request.body) == {"n": 1, "Secret": secret, "secret": secret}
    assert json.loads(silent.body) == {"n": 1}, "a secret that signs is not shown"
    assert "x-orchestry-secret" not in silent.headers
    assert rotate(server, subscription)["previousValidUntil"]
    server.api.publish(data={"n": 2})
    assert json.loads(endpoint.wait_for(2, "/hook")[-1].body)["secret"] == secret, "the old one until the overlap ends"


def test_cloudevents_travel_in_both_modes(server, endpoint):
    server.api.subscribe(endpoint.url("/binary"), format="cloudevents-binary")
    server.api.subscribe(endpoint.url("/structured"), format="cloudevents")
    event = server.api.publish(data={"n": 1}, user="J\u00f8rgen 50%")
    binary = endpoint.wait_for(1, "/binary")[0]
    structured = endpoint.wait_for(1, "/structured")[0]
    assert binary.headers["content-type"] == "application/json"
    attributes = {name[3:]: value for name, value in binary.headers.items() if name.startswith("ce-")}
    assert attributes.pop("userid") == "J%C3%B8rgen%2050%25"
    assert json.loads(binary.body) == {"n": 1}
    assert structured.headers["content-type"] == "application/cloudevents+json"
    envelope = json.loads(structured.body)
    assert envelope == {**attributes, "userid": "J\u00f8rgen 50%", "datacontenttype": "application/json", "data": {"n": 1}}
    assert attributes["specversion"] == "1.0" and attributes["id"] == event["id"] and attributes["source"] == "/tenants/default"


def documented(word):
    """The code that docs/signatures.md shows behind the line that begins with the signature's name."""
    text = (ROOT / "docs/signatures.md").read_text().split("## Checking, by hand")[1]
    return re.search(rf"\n`{word}`[^\n]*:\n(?:[^`\n][^\n]*\n)*\n```(?:python|js)\n(.*?)```", text, re.DOTALL).group(1)


@pytest.mark.parametrize("scheme", ["v1", "ol-sha256", "hub-sha256", "timestamped", "secret"])
def test_the_documented_check_holds(server, endpoint, scheme):
    subscription = server.api.subscribe(endpoint.url("/hook"), signatures=[scheme])
    request = next_request(server, endpoint, 1)
    names = {}
    exec(documented(scheme), names)  # noqa: S102: our own document
    check = names["is_genuine"]
    assert check(subscription["secret"], request.headers, request.body)
    assert not check("whsec_" + base64.b64encode(bytes(32)).decode(), request.headers, request.body)
    if scheme != "secret":
        assert not check(subscription["secret"], request.headers, request.body + b" ")


def test_the_documented_check_of_v1a_holds(server, endpoint, tmp_path):
    subscription = server.api.subscribe(endpoint.url("/hook"), signatures=["v1a"])
    request = next_request(server, endpoint, 1)
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    call = {"key": subscription["publicKey"], "headers": {n: request.headers[n] for n in names}, "body": request.body.decode()}
    (tmp_path / "check.mjs").write_text(
        documented("v1a") + f"const {{ key, headers, body }} = {json.dumps(call)};\n"
        "console.log(isGenuine(key, headers, Buffer.from(body)), isGenuine(key, headers, Buffer.from(body + ' ')));\n"
    )
    done = subprocess.run(["node", tmp_path / "check.mjs"], capture_output=True, text=True, check=True)
    assert done.stdout == "true false\n"
