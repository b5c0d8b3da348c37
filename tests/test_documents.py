"""What the documents tell a reader to type works, and what is ours in a vendor's surface is marked as ours.

What is typed: every script in examples/, and every fenced `sh` block that follows a line
`<!-- tested -->` in README.md and docs/.

They run in a scratch folder with the built binary first on PATH, POSTHORN_ADMIN_KEY set, and a server at $POSTHORN_URL that
may reach loopback. A script that wants other things skips itself with exit code 77.
"""

import json
import os
import re
import subprocess

import pytest
from support.server import ADMIN_KEY, BINARY, ROOT

VENDOR_WALKS = {"orangelogic.sh", "orchestry.sh", "ovation.sh"}  # test_vendor_walks.py runs them and looks closer
SCRIPTS = [path for path in sorted((ROOT / "examples").glob("**/*.sh")) if path.name not in VENDOR_WALKS]
BLOCK = re.compile(r"<!-- tested -->\s*```sh\n(.*?)```", re.S)
BLOCKS = [
    (f"{path.relative_to(ROOT)}:{number}", text)
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    if path.is_file()
    for number, text in enumerate(BLOCK.findall(path.read_text()))
]


def run(arguments, server, folder):
    environment = {
        **os.environ, "PATH": f"{BINARY.parent}:{os.environ['PATH']}", "HOME": str(folder), "POSTHORN_ADMIN_KEY": ADMIN_KEY,
        "POSTHORN_URL": f"http://127.0.0.1:{server.port}",
    }  # fmt: skip
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == 77:
        pytest.skip(done.stdout.strip() or "the script skipped itself")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_run(script, server, tmp_path):
    run(["bash", "-eu", str(script)], server, tmp_path)


@pytest.mark.parametrize(("name", "text"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_documented_commands_run(name, text, server, tmp_path):
    run(["bash", "-euc", text], server, tmp_path)


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
