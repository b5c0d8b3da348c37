"""The Debian package: what it holds, that its unit is a hardened one, that dpkg installs, upgrades and removes it, and that what is
installed from it runs."""

import json
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest
from support.server import ADMIN_KEY, BINARY, ROOT, Server

UNIT = "lib/systemd/system/posthorn.service"
CONFIGURATION = "etc/posthorn/posthorn.toml"
BECOME_ROOT = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]


def dpkg(root, *arguments):
    """dpkg on a system below `root` that has the same packages as this one, so that dependencies count. There is no shell to chroot
    to: maintainer scripts run outside, with DPKG_ROOT."""
    status = root / "var/lib/dpkg/status"
    if not status.exists():
        for name in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/log"):
            (root / name).mkdir(parents=True)
        status.write_bytes(Path("/var/lib/dpkg/status").read_bytes())
    done = subprocess.run(
        [*BECOME_ROOT, "dpkg", f"--root={root}", "--force-script-chrootless", "--force-not-root", *map(str, arguments)],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def state_of(root):
    done = subprocess.run(["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f=${db:Status-Status}", "posthorn"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """(file, root of the system into which dpkg installed it)"""
    build = BINARY.parent
    subprocess.run(["cpack", "-G", "DEB"], cwd=build, check=True, capture_output=True)
    file = max(build.glob("posthorn_*.deb"), key=lambda path: path.stat().st_mtime)
    root = tmp_path_factory.mktemp("root")
    dpkg(root, "--install", file)
    assert state_of(root) == "installed"
    return file, root


def test_it_holds_what_an_operator_needs(package):
    _, root = package
    for name in ("usr/bin/posthorn", "usr/libexec/posthorn/posthorn-script", UNIT, CONFIGURATION, "usr/share/man/man1/posthorn.1.gz",
                 "usr/share/doc/posthorn/copyright"):  # fmt: skip
        assert (root / name).is_file(), f"{name} is missing: {sorted(str(p.relative_to(root)) for p in root.rglob('*'))}"


def test_it_says_what_it_depends_on(package):
    file, _ = package
    fields = subprocess.run(["dpkg-deb", "-f", file, "Package", "Version", "Depends"], capture_output=True, text=True, check=True).stdout
    assert "Package: posthorn" in fields
    assert "libc6" in fields and "libssl3" in fields and "libmozjs-102" in fields and "libjq1" in fields
    listed = subprocess.run(["dpkg-deb", "--ctrl-tarfile", file], capture_output=True, check=True).stdout
    assert b"/etc/posthorn/posthorn.toml" in listed, "the configuration is not marked as the operator's"


def test_the_unit_is_hardened(package):
    _, root = package
    unit = (root / UNIT).read_text()
    for line in ("Type=notify", "NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=posthorn", "DynamicUser=yes"):
        assert f"\n{line}\n" in unit
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", root / UNIT], capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stdout[-2000:] + judged.stderr


def test_what_is_installed_runs_with_its_own_configuration(package, tmp_path):
    _, root = package
    server = Server(tmp_path, arguments=["--config", str(root / CONFIGURATION)], binary=root / "usr/bin/posthorn")
    server.start()
    server.api.topic("test.made")
    assert server.api.publish()["deliveries"] == 0
    (tmp_path / "script.jq").write_text("{payload: {n: 5}}")
    tried = subprocess.run(
        [root / "usr/bin/posthorn", "transforms", "test", "--code-file", tmp_path / "script.jq"], capture_output=True, text=True, check=False,
        env={"POSTHORN_KEY": ADMIN_KEY, "POSTHORN_URL": f"http://127.0.0.1:{server.port}"})  # fmt: skip
    assert json.loads(tried.stdout) == {"n": 5}, tried.stderr
    assert server.stop() == 0
    assert not server.error_lines
    version = subprocess.run([root / "usr/bin/posthorn", "version"], capture_output=True, text=True, check=True).stdout
    assert any(character.isdigit() for character in version)


def test_an_upgrade_keeps_what_the_operator_wrote_and_a_purge_leaves_nothing(package, tmp_path):
    file, _ = package
    dpkg(tmp_path, "--install", file)
    theirs = (tmp_path / CONFIGURATION).read_text() + "# ours\n"
    (tmp_path / CONFIGURATION).write_text(theirs)
    dpkg(tmp_path, "--install", file)
    assert (tmp_path / CONFIGURATION).read_text() == theirs
    dpkg(tmp_path, "--remove", "posthorn")
    assert state_of(tmp_path) == "config-files"
    assert (tmp_path / CONFIGURATION).read_text() == theirs
    assert not (tmp_path / "usr/bin/posthorn").exists()
    dpkg(tmp_path, "--purge", "posthorn")
    assert not (tmp_path / CONFIGURATION).exists()


@pytest.mark.parametrize(
    ("script", "arguments", "root", "calls"),
    [
        ("postinst", ["configure", ""], "", ["daemon-reload"]),
        ("postinst", ["configure", "0.0.1"], "", ["daemon-reload", "try-restart posthorn.service"]),
        ("postinst", ["configure", "0.0.1"], "/target", []),
        ("prerm", ["remove"], "", ["stop posthorn.service"]),
        ("prerm", ["upgrade", "0.2.0"], "", []),
        ("prerm", ["remove"], "/target", []),
    ],
)
def test_scripts_speak_to_the_running_systemd_of_this_system_only(script, arguments, root, calls, tmp_path):
    """With a /run of its own, in which systemd runs, and a systemctl that writes down what it is asked."""
    asked = tmp_path / "asked"
    (tmp_path / "systemctl").write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
    (tmp_path / "systemctl").chmod(0o755)
    prepare = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", *BECOME_ROOT[1:], "sh", "-c", prepare, "sh", "sh", ROOT / "deploy/debian" / script, *arguments],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "DPKG_ROOT": root}, capture_output=True, text=True, check=False)  # fmt: skip
    if "unshare failed" in done.stderr:
        pytest.skip(f"there is no mount namespace to be had here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert (asked.read_text().splitlines() if asked.exists() else []) == calls



def allowed_calls(unit):
    """The system calls that the unit's filter lets through."""
    groups, members = {}, None
    for line in subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout.splitlines():
        if line.startswith("@"):
            members = groups.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            members.append(line.strip())

    def expand(word):
        return set().union(*map(expand, groups[word])) if word.startswith("@") else {word}

    allowed = expand("@default")
    for line in unit.splitlines():
        if line.startswith("SystemCallFilter="):
            words = line.partition("=")[2]
            calls = set().union(*(expand(word) for word in words.lstrip("~").split()))
            allowed = allowed - calls if words.startswith("~") else allowed | calls
    return allowed


def test_the_unit_lets_scripts_run(package, tmp_path):
    """The helper that runs scripts closes itself in; the unit's own filter must let it do so."""
    _, root = package
    ours, theirs = socket.socketpair()
    with ours, theirs:
        traced = subprocess.Popen(
            ["strace", "-f", "-o", tmp_path / "calls", root / "usr/libexec/posthorn/posthorn-script", str(128 << 20)],
            preexec_fn=lambda: (os.dup2(theirs.fileno(), 3), os.set_inheritable(3, True)), close_fds=False,
        )
        theirs.close()
        ours.settimeout(120)
        ready = ours.recv(100)
        ours.shutdown(socket.SHUT_RDWR)
        traced.wait(30)
    assert ready[4] == 0, f"the helper was not ready: {ready}"
    made = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", (tmp_path / "calls").read_text(), re.M))
    assert "seccomp" in made, "nothing was traced: the test proves nothing"
    assert not made - allowed_calls((root / UNIT).read_text())


def test_nothing_that_the_host_built_goes_into_the_image():
    made = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()}
    kept_out = {line.removeprefix("**/") for line in (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines() if line[:1] != "#"}
    assert "build" in made and made | {".git"} <= kept_out


def test_the_image_is_built_by_commands_that_there_are():
    file = (ROOT / "deploy/Dockerfile").read_text()
    targets = re.findall(r"^RUN make (\S+)$", file, re.M)
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:.*##", (ROOT / "Makefile").read_text(), re.M), f"make {target}"
    assert "--from=build /source/build/release/posthorn_*.deb " in file
