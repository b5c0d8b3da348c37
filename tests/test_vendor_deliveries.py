"""What is created by a vendor's own call is delivered as that vendor delivers: from its create call to the bytes at the endpoint."""

import base64
import hashlib
import hmac
import json
import re
import xml.etree.ElementTree as ElementTree
from datetime import datetime

import pytest
from support.endpoint import hang, status
from support.server import Api, wait_until

# Beside the vendor's own headers: HTTP's, and those that Posthorn sends with everything.
COMMON = {"host", "content-length", "content-type", "user-agent", "traceparent", "posthorn-hops", "webhook-id", "webhook-timestamp"}
ORANGE_LOGIC = "/orangelogic/webapi/extensibility/webhook/subscription"
TEMPLATES = "/ovation/api/v3/project_templates"
WEBHOOKS = "/orchestry/v1/provisioning/webhooks"
OVATION_EVENTS = ["requisition_signed_accession", "report_signed", "report_corrected", "report_ready_for_generation",
                  "report_correction_ready_for_generation", "sample_rejected", "requisition_canceled"]  # fmt: skip
ORCHESTRY_EVENTS = {
    "provisioningRequested": "workspace.provisioning.requested", "provisioningCompleted": "workspace.provisioning.completed",
    "approvalRequested": "workspace.approval.requested", "approvalApproved": "workspace.approval.approved",
    "approvalRejected": "workspace.approval.rejected",
}  # fmt: skip


def own_headers(request):
    return {name: value for name, value in request.headers.items() if name not in COMMON}


def mac(secret, body, hash=hashlib.sha256):
    return base64.b64encode(hmac.digest(secret.encode(), body, hash)).decode()


@pytest.fixture
def caller(server):
    """Calls the vendors' surfaces with a key that may, of the tenant default."""
    key = server.api.expect(201, "POST", "keys", {"name": "caller", "tenant": "default", "roles": ["webhook_admin"]})
    return Api(server.port, key["key"])


# --- Orange Logic ---


class OrangeLogic:
    def __init__(self, server, caller, endpoint):
        self.server, self.caller, self.endpoint = server, caller, endpoint
        server.api.topic("document.deleted")

    def create(self, **members):
        answer = self.caller.expect(200, "POST", f"{ORANGE_LOGIC}/create_22E_v1", {
            "name": "CRM", "targetUrl": self.endpoint.url("/crm"), "topics": ["document.*"], **members})  # fmt: skip
        return answer["subscriptionId"]

    def rotate(self, subscription, secret=""):
        body = {"subscriptionID": subscription, "newSecret": secret}
        return self.caller.expect(200, "POST", f"{ORANGE_LOGIC}/rotatesecret_22P_v1", body)["newSecret"]

    def trigger(self, data=None):
        """Triggers an event; answers its id and the request that came of it."""
        self.endpoint.forget()
        body = {"topic": "document.deleted", "data": data or {"RecordID": "2QDX"}, "userId": "K8O"}
        event = self.caller.expect(202, "POST", f"{ORANGE_LOGIC}/triggerevent_22N_v1", body)["eventId"]
        return event, self.endpoint.wait_for(1)[0]


@pytest.fixture
def orange_logic(server, caller, endpoint):
    return OrangeLogic(server, caller, endpoint)


def test_orange_logic_delivers_its_envelope(orange_logic):
    orange_logic.create(customHeaders={"X-Team": "blue"})
    event, request = orange_logic.trigger({"RecordID": "2QDX", "Name": "straße"})
    assert request.path == "/crm"
    assert request.headers["content-type"] == "application/json"
    assert re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]", request.headers["traceparent"])
    assert own_headers(request) == {"x-team": "blue"}
    body = json.loads(request.body)
    assert list(body) == ["EventId", "Topic", "EventDateUtc", "Data", "Tenant", "UserId"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", body.pop("EventDateUtc"))
    assert body == {"EventId": event, "Topic": "document.deleted", "Data": {"RecordID": "2QDX", "Name": "straße"},
                    "Tenant": "default", "UserId": "K8O"}  # fmt: skip


def test_orange_logic_signs_from_the_first_rotatesecret_on_and_with_both_secrets_during_the_overlap(orange_logic):
    subscription = orange_logic.create()
    assert "x-ol-signature" not in orange_logic.trigger()[1].headers
    old = orange_logic.rotate(subscription, "abcdefghij0123456789")
    assert old == "abcdefghij0123456789"
    request = orange_logic.trigger()[1]
    assert request.headers["x-ol-signature"] == f"v1,{mac(old, request.body)}"

    new = orange_logic.rotate(subscription)
    assert re.fullmatch(r"[0-9A-Za-z]{16,}", new)
    request = orange_logic.trigger()[1]
    assert request.headers["x-ol-signature"] == f"v1,{mac(old, request.body)} v1a,{mac(new, request.body)}"

    # A further rotation drops what is older than the secret that it replaces.
    newest = orange_logic.rotate(subscription)
    request = orange_logic.trigger()[1]
    assert request.headers["x-ol-signature"] == f"v1,{mac(new, request.body)} v1a,{mac(newest, request.body)}"


def test_orange_logics_overlap_and_hash_are_settings_of_the_tenant(orange_logic):
    subscription = orange_logic.create()
    orange_logic.rotate(subscription)
    orange_logic.server.api.expect(200, "PATCH", "tenants/default", {
        "settings": {"orangelogic": {"signatureHash": "sha512", "overlapSeconds": 0}}})  # fmt: skip
    secret = orange_logic.rotate(subscription)
    request = orange_logic.trigger()[1]
    assert request.headers["x-ol-signature"] == f"v1,{mac(secret, request.body, hashlib.sha512)}"


def test_orange_logics_overlap_ends(orange_logic):
    subscription = orange_logic.create()
    old = orange_logic.rotate(subscription)
    orange_logic.server.api.expect(200, "PATCH", "tenants/default", {"settings": {"orangelogic": {"overlapSeconds": 1}}})
    new = orange_logic.rotate(subscription)

    def only_the_new_one():
        request = orange_logic.trigger()[1]
        both = f"v1,{mac(old, request.body)} v1a,{mac(new, request.body)}"
        assert request.headers["x-ol-signature"] in (both, f"v1,{mac(new, request.body)}")
        return request.headers["x-ol-signature"] != both

    wait_until(only_the_new_one, 20, "the overlap of a second is over")


def test_orange_logic_answers_in_xml_and_sends_json_all_the_same(orange_logic):
    xml = {"Accept": "application/xml"}

    def call(method, path, body=None, expected=200):
        answer = orange_logic.caller.call(method, f"{ORANGE_LOGIC}/{path}", body, headers=xml)
        assert answer.status == expected and answer.headers["Content-Type"] == "application/xml; charset=utf-8", answer
        return ElementTree.fromstring(answer.body)

    made = call("POST", "create_22E_v1", {"targetUrl": orange_logic.endpoint.url("/crm"), "topics": ["document.*"]})
    subscription = made.findtext("subscriptionId")
    assert [item.text for item in made.find("topics")] == ["document.*"]
    assert call("GET", f"getbyid_22H_v1?subscriptionId={subscription}").findtext("subscriptionId") == subscription
    assert call("GET", "getall_22I_v1").findtext("totalCount") == "1"
    assert "document.deleted" in [item.findtext("name") for item in call("POST", "gettopics_22O_v1").find("topics")]
    assert call("POST", "update_22F_v1", {"subscriptionId": subscription, "maxRetries": 1}).findtext("maxRetries") == "1"
    tried = call("POST", "testpredicates_22D_v1", {"subscriptionId": subscription, "topic": "document.deleted"})
    assert tried.findtext("applied") == "true"
    sent = call("POST", "testdelivery_22C_v1", {"targetUrl": orange_logic.endpoint.url("/try"), "payload": "free text"})
    assert sent.findtext("responseCode") == "200" and sent.findtext("responseBody") == "ok"
    assert orange_logic.endpoint.wait_for(1, "/try")[0].body == b"free text"
    assert call("POST", "rotatesecret_22P_v1", {"subscriptionID": subscription}).findtext("newSecret")
    assert call("POST", "triggerevent_22N_v1", {"topic": "document.deleted", "data": {}}, 202).findtext("eventId")
    assert json.loads(orange_logic.endpoint.wait_for(1, "/crm")[0].body)["Topic"] == "document.deleted"
    assert call("GET", "getbyid_22H_v1?subscriptionId=x", expected=404).findtext("error/code") == "unknown_subscription"
    assert call("DELETE", f"delete_22G_v1?subscriptionId={subscription}").findtext("deleted") == "true"


def test_orange_logics_predicates_choose(orange_logic):
    orange_logic.create(includePredicates=[{"path": "$.Data.AssetType", "op": "eq", "value": "Image"}],
                        excludePredicates=[{"path": "$.UserId", "op": "eq", "value": "robot"}])  # fmt: skip
    for data in ({"AssetType": "Video"}, {"AssetType": "Image", "RecordID": "wanted"}):
        orange_logic.caller.expect(202, "POST", f"{ORANGE_LOGIC}/triggerevent_22N_v1", {"topic": "document.deleted", "data": data})
    # The second event is the control: it was triggered after the one that is not sent.
    assert [json.loads(request.body)["Data"]["AssetType"] for request in orange_logic.endpoint.wait_for(1)] == ["Image"]


def test_orange_logic_tries_five_times_more(orange_logic):
    orange_logic.endpoint.behave("/crm", status(500))
    subscription = orange_logic.create()
    settings = orange_logic.server.api.expect(200, "GET", f"tenants/default/subscriptions/{subscription}")
    assert settings["retry"] == {"preset": "orangelogic", "jitter": 0.2}
    event, _ = orange_logic.trigger()
    assert 24 <= seconds_to_next_attempt(orange_logic.server, event) <= 36


def seconds_to_next_attempt(server, event):
    """After its first attempt has failed."""

    def after_the_first():
        delivery = server.api.deliveries_of(event)[0]
        return delivery if delivery["attempts"] == 1 and delivery["nextAttemptAt"] else None

    delivery = wait_until(after_the_first, 30, "the first attempt is recorded")
    attempt = server.api.attempts_of(delivery["id"])[0]
    started = datetime.fromisoformat(attempt["startedAt"])
    return (datetime.fromisoformat(delivery["nextAttemptAt"]) - started).total_seconds() - attempt["durationMs"] / 1000


# --- Orchestry ---


@pytest.mark.parametrize(("event", "topic"), ORCHESTRY_EVENTS.items())
def test_orchestry_delivers_each_event_with_the_secret_in_header_and_body(server, caller, endpoint, event, topic):
    server.api.topic(topic)
    made = caller.call("POST", WEBHOOKS, {
        "name": event, "description": "d", "event": event, "url": endpoint.url("/hook"), "secret": "correct-horse"})  # fmt: skip
    assert made.status == 201 and b"correct-horse" not in made.body
    payload = {"tenantId": "t", "requestId": "r", "templateId": "x", "groupId": "g", "sharePointUrl": "https://s.example/"}
    server.api.publish(topic, payload)
    request = endpoint.wait_for(1)[0]
    assert own_headers(request) == {"x-orchestry-secret": "correct-horse"}
    assert json.loads(request.body) == {**payload, "Secret": "correct-horse", "secret": "correct-horse"}


def test_orchestrys_secret_header_is_a_setting_and_no_secret_is_none(server, caller, endpoint):
    server.api.topic("workspace.approval.approved")
    server.api.expect(200, "PATCH", "tenants/default", {"settings": {"orchestry": {"secretHeader": "X-Our-Secret"}}})
    webhook = {"name": "a", "event": "Approval Approved", "url": endpoint.url("/hook")}
    identifier = caller.expect(201, "POST", WEBHOOKS, {**webhook, "secret": "first-secret"})["id"]
    server.api.publish("workspace.approval.approved", {"requestId": "1"})
    assert own_headers(endpoint.wait_for(1)[0]) == {"x-our-secret": "first-secret"}

    # A changed secret counts at once; null takes it away.
    caller.expect(200, "PATCH", f"{WEBHOOKS}/{identifier}", {"secret": "second-secret"})
    server.api.publish("workspace.approval.approved", {"requestId": "2"})
    assert json.loads(endpoint.wait_for(2)[1].body)["Secret"] == "second-secret"
    caller.expect(200, "PATCH", f"{WEBHOOKS}/{identifier}", {"secret": None})
    server.api.publish("workspace.approval.approved", {"requestId": "3"})
    last = endpoint.wait_for(3)[2]
    assert own_headers(last) == {} and json.loads(last.body)["requestId"] == "3"
    assert not json.loads(last.body).get("Secret")


# --- Ovation ---


def make_endpoint(server, caller, url, event="report_signed", **members):
    server.api.call("PUT", "tenants/default/scopes/42", {})
    server.api.topic(event)
    body = {"webhookEndpoint": {"targetUrl": url, "event": event, "username": "lab", "password": "hush", **members}}
    return caller.expect(201, "POST", f"{TEMPLATES}/42/webhook_endpoints", body)["webhook_endpoint"]["id"]


@pytest.mark.parametrize("event", OVATION_EVENTS)
def test_ovation_delivers_each_event_with_basic_authentication_and_both_header_maps(server, caller, endpoint, event):
    make_endpoint(server, caller, endpoint.url("/lims"), event, requestHeaders={"X-Source": "lims"},
                  authenticationHeaders={"api-key": "k3y"})  # fmt: skip
    server.api.publish(event, {"requisitionIdentifier": "R-17"}, scope="42")
    request = endpoint.wait_for(1)[0]
    assert request.path == "/lims"
    assert own_headers(request) == {
        "authorization": "Basic " + base64.b64encode(b"lab:hush").decode(), "x-source": "lims", "api-key": "k3y"}  # fmt: skip
    template = 42 if event.endswith("ready_for_generation") else "42"
    assert json.loads(request.body) == {"eventType": event, "projectTemplateId": template, "requisitionIdentifier": "R-17"}


def test_ovation_delivers_only_what_is_of_the_project_template(server, caller, endpoint):
    make_endpoint(server, caller, endpoint.url("/lims"))
    server.api.expect(201, "PUT", "tenants/default/scopes/43", {})
    server.api.publish("report_signed", {"requisitionIdentifier": "other"}, scope="43")
    server.api.publish("report_signed", {"requisitionIdentifier": "ours", "projectTemplateId": "own"}, scope="42")
    bodies = [json.loads(request.body) for request in endpoint.wait_for(1)]
    assert bodies == [{"eventType": "report_signed", "requisitionIdentifier": "ours", "projectTemplateId": "own"}]


def test_ovation_tries_again_after_64_seconds(server, caller, endpoint):
    endpoint.behave("/lims", status(503))
    make_endpoint(server, caller, endpoint.url("/lims"))
    event = server.api.publish("report_signed", {}, scope="42")["id"]
    assert seconds_to_next_attempt(server, event) == pytest.approx(64, abs=0.5)
    settings = server.api.items("tenants/default/subscriptions")[0]
    assert settings["retry"] == {"preset": "ovation", "jitter": 0} and settings["timeoutMs"] == 10_000


def test_ovation_gives_up_on_an_answer_after_ten_seconds(server, caller, endpoint):
    endpoint.behave("/lims", hang)
    make_endpoint(server, caller, endpoint.url("/lims"))
    event = server.api.publish("report_signed", {}, scope="42")["id"]
    assert seconds_to_next_attempt(server, event) == pytest.approx(64, abs=0.5)
    attempt = server.api.attempts_of(server.api.deliveries_of(event)[0]["id"])[0]
    assert attempt["failure"] == "timeout" and 9_500 <= attempt["durationMs"] <= 15_000


def test_ovations_users_see_only_what_is_assigned_to_them(server, caller, endpoint):
    identifiers = [make_endpoint(server, caller, endpoint.url("/lims")) for _ in range(2)]
    key = server.api.expect(201, "POST", "keys", {"name": "user", "tenant": "default", "roles": ["webhook_user"]})
    user = Api(server.port, key["key"])
    base = f"{TEMPLATES}/42/webhook_endpoints"
    assert user.expect(200, "GET", base) == {"webhook_endpoints": []}
    subscription = next(item["id"] for item in server.api.items("tenants/default/subscriptions") if item["number"] == identifiers[1])
    server.api.expect(201, "POST", "grants", {"principal": key["id"], "object": {"kind": "subscription", "id": subscription}})
    assert [item["id"] for item in user.expect(200, "GET", base)["webhook_endpoints"]] == [identifiers[1]]
    for method, body in (("GET", None), ("PUT", {"webhookEndpoint": {}}), ("DELETE", None)):
        assert user.call(method, f"{base}/{identifiers[0]}", body).status == 404
    assert user.call("GET", f"{base}/{identifiers[1]}").status == 200
    assert user.call("POST", base, {"webhookEndpoint": {}}).status in (403, 404)
