"""The peer filter from outside: without an allow list, an endpoint on loopback is not contacted, however it is named, and
the attempt says why; with one, only what the list holds is contacted."""

import pytest
from support.endpoint import Endpoint, status
from support.server import wait_until


def first_attempt(server, event):
    def attempts():
        (delivery,) = server.api.deliveries_of(event["id"])
        return server.api.attempts_of(delivery["id"])

    return wait_until(attempts, what="an attempt is recorded")[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_loopback_is_blocked_without_an_allow_list(make_server, endpoint, host):
    server = make_server(allow_loopback=False).start()
    server.api.topic("test.made")
    server.api.subscribe(f"http://{host}:{endpoint.port}/hook")
    attempt = first_attempt(server, server.api.publish())
    assert attempt["failure"] == "blocked", attempt
    assert not attempt["statusCode"]
    assert endpoint.received == []


def test_the_same_endpoint_is_reached_with_an_allow_list(server, endpoint):
    server.api.subscribe(endpoint.url("/hook"))
    event = server.api.publish()
    endpoint.wait_for(1)
    attempt = first_attempt(server, event)
    assert attempt["statusCode"] == 200
    assert attempt["failure"] is None


def test_an_allow_list_opens_only_what_it_names(make_server):
    with Endpoint(("127.0.0.1", "127.0.0.2")) as endpoint:
        server = make_server(allow_loopback=False, arguments=["--allow-peer", "127.0.0.2/32"]).start()
        server.api.topic("test.made")
        server.api.subscribe(endpoint.url("/refused", "127.0.0.1"))
        blocked = first_attempt(server, server.api.publish())
        assert blocked["failure"] == "blocked"
        server.api.subscribe(endpoint.url("/allowed", "127.0.0.2"))
        server.api.publish()
        endpoint.wait_for(1, "/allowed")
        assert not endpoint.on("/refused")


def test_a_redirect_is_not_followed(server, endpoint):
    endpoint.behave("/hook", status(302, headers=[("Location", endpoint.url("/elsewhere"))]))
    server.api.subscribe(endpoint.url("/hook"))
    attempt = first_attempt(server, server.api.publish())
    assert (attempt["statusCode"], attempt["failure"]) == (302, "status")
    assert not endpoint.on("/elsewhere")


def test_the_environment_s_proxy_is_ignored(make_server, endpoint):
    variables = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "all_proxy")}
    server = make_server(environment=variables).start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"))
    server.api.publish()
    endpoint.wait_for(1)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/", "example.com", "",
        "http://user:word@example.com/", "http://user@example.com/",
        "http://0x7f000001/", "http://0177.0.0.1/", "http://2130706433/", "http://127.1/", "http://0x7f.1/",
        "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/", "http://127\u30020\u30020\u30021/",
        "http://example.com:0/", "http://example.com:65536/", "http://exa mple.com/", "http://example.com/\r\nX: y", "http:///path",
        "http://[fe80::1%25lo]/", "http://example.com\\@127.0.0.1/",
    ],
)  # fmt: skip
def test_odd_urls_are_refused_when_the_subscription_is_made(server, url):
    answer = server.api.call("POST", "tenants/default/subscriptions", {"url": url, "topics": ["**"]})
    assert answer.status in (400, 422), answer
    assert "url" in answer.body.decode()
