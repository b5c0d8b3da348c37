"""What the documents tell a reader to type works, and what is ours in a vendor's surface is marked as ours.

What is typed: every fenced `sh` block that follows a line `<!-- tested -->` in README.md and docs/, in a scratch folder with the
built binary first on PATH, the administrator's key, and a server at $POSTHORN_URL. (test_vendor_walks.py runs examples/*.sh.)
"""

import functools
import json
import os
import re
import subprocess

import pytest
from support.server import ADMIN_KEY, BINARY, ROOT, wait_until

# What a reader of the pages has already: curl's answers are looked at, a tenant, topics, and a file to send.
PRELUDE = """
curl() { command curl --silent --show-error --fail-with-body "$@"; }
posthorn topics put document.created
posthorn topics put document.made
echo '{"name":"report.pdf"}' > event.json
"""
BLOCK = re.compile(r"<!-- tested -->\s*```sh\n(.*?)```", re.S)
BLOCKS = [
    (f"{path.relative_to(ROOT)}:{number}", text)
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    if path.is_file()
    for number, text in enumerate(BLOCK.findall(path.read_text()))
]


def run(script, server, folder):
    environment = {
        **os.environ, "PATH": f"{BINARY.parent}:{os.environ['PATH']}", "HOME": str(folder), "POSTHORN_ADMIN_KEY": ADMIN_KEY,
        "POSTHORN_URL": f"http://127.0.0.1:{server.port}", "POSTHORN_KEY": ADMIN_KEY, "ADMIN_KEY": ADMIN_KEY,
    }  # fmt: skip
    done = subprocess.run(["bash", "-euc", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize(("name", "text"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_documented_commands_run(name, text, server, tmp_path):
    server.api.expect(201, "PUT", "tenants/acme", {})
    for place in ("http://127.0.0.1:8080", "https://HOST"):
        text = text.replace(place, f"http://127.0.0.1:{server.port}")
    run(PRELUDE + text, server, tmp_path)


def test_every_metric_is_in_the_documentation_with_its_type(server):
    told = {}
    for line in (ROOT / "docs/operations.md").read_text().splitlines():
        if line.startswith("| `posthorn_"):
            names, kind = line.split(" | ")[:2]
            told |= dict.fromkeys(re.findall(r"`(posthorn_\w+)`", names), kind)
    scraped = dict(re.findall(r"^# TYPE (\w+) (\w+)$", server.api.call("GET", "/metrics").body.decode(), re.M))
    assert told == scraped
    assert told["posthorn_store_commit_seconds"] == "histogram"


def test_the_metrics_measure(server):
    for i in range(20):
        server.api.publish(data=i)
    loops = "posthorn_loop_lag_seconds_count"
    values = wait_until(lambda: (now := metrics_of(server))[loops] >= 2 and now, what="loops measured")
    assert values["posthorn_store_commit_seconds_count"] == values["posthorn_store_transactions"] > 0
    assert values["posthorn_store_commit_writes_sum"] == values["posthorn_store_operations"] >= 20
    for kind in ("timeout", "status", "transform"):
        assert values[f'posthorn_attempts_failed_total{{kind="{kind}"}}'] == 0


def test_what_was_called_off_is_counted(server):
    retry = {"scheduleMs": [600_000]}
    subscription = server.api.subscribe("http://127.0.0.1:9/", retry=retry)
    delivery = server.api.deliveries_of(server.api.publish()["id"])[0]["id"]
    server.api.publish()
    server.api.expect(202, "POST", f"tenants/default/deliveries/{delivery}/cancel")
    assert metrics_of(server)["posthorn_deliveries_cancelled_total"] == 1
    server.api.expect(204, "DELETE", f"tenants/default/subscriptions/{subscription['id']}")
    wait_until(lambda: metrics_of(server)["posthorn_deliveries_cancelled_total"] == 2, what="the other one called off too")


def metrics_of(server):
    lines = server.api.call("GET", "/metrics").body.decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


# Where a vendor publishes nothing, its document marks what we chose. A whole surface: every operation of it.
OURS = {
    "orangelogic": [("paths", "*", "*")],
    "orchestry": [
        ("paths", "/orchestry/v1/provisioning/webhooks", "get"),
        *(("paths", "/orchestry/v1/provisioning/webhooks/{webhook}", verb) for verb in ("get", "put", "patch", "delete")),
        ("components", "responses", "Conflict"),
        *(("components", "schemas", name) for name in ("Event", "WebhookInput", "Webhook", "Problem")),
    ],
    "ovation": [
        ("components", "schemas", "Errors"),
        *(("components", "schemas", name, "properties", "authenticationHeaders") for name in ("EndpointInput", "EndpointChange")),
        ("components", "schemas", "EndpointObject", "properties", "project_requisition_template_association_id"),
    ],
}  # fmt: skip


def parts_at(document, path):
    if not path:
        return [document]
    inside = document.values() if path[0] == "*" else [document[path[0]]]
    return [part for value in inside if isinstance(value, dict) for part in parts_at(value, path[1:])]


@pytest.mark.parametrize(("surface", "path"), [(surface, path) for surface, paths in OURS.items() for path in paths])
def test_our_choices_are_marked(surface, path):
    document = json.loads((ROOT / "spec" / f"{surface}.openapi.json").read_text())
    parts = parts_at(document, path)
    assert parts
    assert all(part.get("x-posthorn-choice") is True for part in parts), f"{surface}: {path} is not marked"


@pytest.mark.parametrize("surface", OURS)
def test_what_stands_beside_the_vendors_calls_is_marked(surface):
    document = json.loads((ROOT / "spec" / f"{surface}.openapi.json").read_text())
    for name in ("openapi.json", "docs"):
        assert document["paths"][f"/{surface}/{name}"]["get"]["x-posthorn-choice"] is True


@functools.cache
def help_of(*words):
    return subprocess.run([BINARY, *words, "--help"], capture_output=True, text=True, check=True).stdout


def commands_below(*words):
    return re.findall(r"^  ([a-z-]+) ", help_of(*words).partition("Subcommands:\n")[2].partition("\n\n")[0], re.M)


def misnamed(text):
    """What of the calls of posthorn in a text is not there: commands, commands of commands, options."""
    for call, rest in re.findall(r"(?<![\w/.-])posthorn ((?:[a-z][a-z-]+ ?)+)([^`|;#\n]*)", text.replace("\\\n", " ")):
        words, command = call.split(), []
        while words and words[0] in commands_below(*command):
            command.append(words.pop(0))
        if not command or (words and commands_below(*command)):
            yield call
        else:
            yield from (option for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", call + rest) if option not in help_of(*command) + "--help")


@pytest.mark.parametrize("name", [str(path.relative_to(ROOT)) for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]])
def test_commands_and_options_in_the_documents_exist(name):
    assert not list(misnamed((ROOT / name).read_text()))


def test_what_does_not_exist_is_found():
    text = "`posthorn subscriptions invent`, `posthorn pretend --now`, posthorn backup \\\n --twice FILE; posthorn serve --listen A:1"
    assert list(misnamed(text)) == ["subscriptions invent", "pretend ", "--twice"]


def links_of(text):
    return [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]


def test_documents_link_to_files_that_there_are():
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    links = [(name, link) for name in listed if (ROOT / name).exists() for link in links_of((ROOT / name).read_text())]
    assert len(links) > 50
    assert [(name, link) for name, link in links if not (ROOT / name).parent.joinpath(link).exists()] == []


def test_the_man_page_names_every_command():
    commands = commands_below()
    section = (ROOT / "deploy/posthorn.1").read_text().partition(".SH COMMANDS")[2].partition(".SH SIGNALS")[0]
    named = [word for line in re.findall(r"^\.BR? (.*)$", section, re.M) for word in re.findall(r"[a-z-]+", line.replace("\\", ""))]
    assert "serve" in commands
    assert sorted(named) == sorted(commands)
