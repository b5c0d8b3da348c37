"""Fixtures of the system tests: servers with folders of their own, and recording endpoints.

A test fails when one of its servers wrote an ERROR line, unless the test set server.expects_errors.
"""

import pytest
from support.endpoint import Endpoint
from support.server import BINARY, Server


def pytest_addoption(parser):
    parser.addoption("--cycles", type=int, default=12, help="how often test_kill kills the server")
    parser.addoption("--api-calls", type=int, default=1, help="how many calls test_openapi_fuzz makes on each surface, at least")


@pytest.fixture
def make_server(tmp_path):
    """A function that makes a server (not started); arguments as for Server."""
    assert BINARY.exists(), f"{BINARY} is not built: run make"
    made = []

    def make(**options):
        server = Server(tmp_path / f"server{len(made)}", **options)
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()
    for server in made:
        assert server.expects_errors or not server.error_lines, "\n".join(server.error_lines[:20])


@pytest.fixture
def server(make_server):
    """A running server that may reach loopback and knows the topic test.made."""
    started = make_server().start()
    started.api.topic("test.made")
    return started


@pytest.fixture
def endpoint():
    with Endpoint() as made:
        yield made
