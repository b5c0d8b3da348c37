"""The scripts that walk through the vendors' pages (examples/orangelogic.sh, orchestry.sh, ovation.sh) work against a running
server, and what they print as arrived is what the vendor's page says, held against it here a second time."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess

import pytest
from support.server import ADMIN_KEY, ROOT

ARRIVED = re.compile(r"^-- arrived at the endpoint: request \d+\n(.*?)\n\n(.*?)\n--$", re.S | re.M)
# What Posthorn adds to every delivery beside the vendor's own headers.
OURS = {"host", "content-length", "content-type", "user-agent", "traceparent", "posthorn-hops", "webhook-id", "webhook-timestamp"}


class Walk:
    def __init__(self, name, server, folder):
        environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder), "POSTHORN_ADMIN_KEY": ADMIN_KEY,
                       "POSTHORN_URL": f"http://127.0.0.1:{server.port}"}  # fmt: skip
        done = subprocess.run(["bash", ROOT / "examples" / f"{name}.sh"], cwd=folder, env=environment, capture_output=True, text=True,
                              timeout=120, check=False)  # fmt: skip
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr}"
        assert ADMIN_KEY not in done.stdout
        self.output = done.stdout
        self.requests = []
        for head, body in ARRIVED.findall(done.stdout):
            line, *headers = head.split("\n")
            self.requests.append((line, {name.lower(): value for name, value in (each.split(": ", 1) for each in headers)}, body))

    def value(self, name):
        return re.search(rf"^{name}='(.*)'$", self.output, re.M)[1]


@pytest.fixture
def walk(server, tmp_path):
    return lambda name: Walk(name, server, tmp_path)


def own_headers(headers):
    return {name: value for name, value in headers.items() if name not in OURS}


def test_orange_logic(walk):
    walked = walk("orangelogic")
    test, first, second, derived = walked.requests
    assert test[0] == "POST /crm HTTP/1.1" and test[2] == "free text, to see whether the way is open"

    def mac(secret, body):
        return base64.b64encode(hmac.digest(walked.value(secret).encode(), body.encode(), hashlib.sha256)).decode()

    old, new = "OLD_SECRET", "NEW_SECRET"
    for (line, headers, body), signature in (
        (first, f"v1,{mac(old, first[2])}"), (second, f"v1,{mac(old, second[2])} v1a,{mac(new, second[2])}"),
    ):  # fmt: skip
        assert line == "POST /crm HTTP/1.1"
        assert own_headers(headers) == {"x-team": "blue", "x-ol-signature": signature}
        event = json.loads(body)
        assert list(event) == ["EventId", "Topic", "EventDateUtc", "Data", "Tenant", "UserId"]
        assert event["Topic"] == "document.deleted" and event["Tenant"] == "default" and event["UserId"] == "K8O"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", event["EventDateUtc"])
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", headers["traceparent"])
    assert json.loads(derived[2])["Data"] == {"RecordID": "2QDZ"}


def test_orchestry(walk):
    completed, approved = walk("orchestry").requests
    line, headers, body = completed
    assert line == "POST /orchestry HTTP/1.1"
    assert own_headers(headers) == {"x-orchestry-secret": "correct-horse-battery"}
    assert list(json.loads(body)) == ["tenantId", "requestId", "templateId", "groupId", "sharePointUrl", "Secret", "secret"]
    assert json.loads(approved[2]) == {"requestId": "82", "Secret": "correct-horse-battery", "secret": "correct-horse-battery"}


def test_ovation(walk):
    signed, rejected = walk("ovation").requests
    for line, headers, _ in ((signed), (rejected)):
        assert line in ("POST /lims HTTP/1.1", "POST /status/503 HTTP/1.1")
        assert own_headers(headers) == {
            "authorization": "Basic " + base64.b64encode(b"lab:hush").decode(), "x-source": "lims", "api-key": "k3y",
        }  # fmt: skip
    assert json.loads(signed[2])["eventType"] == "report_signed" and json.loads(signed[2])["projectTemplateId"] == "42"
    assert json.loads(rejected[2]) == {"eventType": "sample_rejected", "projectTemplateId": "42", "eventDetails": "haemolysed"}
