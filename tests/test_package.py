"""The Debian package: what it holds, that its unit is a hardened one, and that what is installed from it runs."""

import os
import re
import shutil
import socket
import subprocess

import pytest
from support.server import BINARY, Server

UNIT = "lib/systemd/system/posthorn.service"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """(file, folder into which it was unpacked)"""
    build = BINARY.parent
    subprocess.run(["cpack", "-G", "DEB"], cwd=build, check=True, capture_output=True)
    file = max(build.glob("posthorn_*.deb"), key=lambda path: path.stat().st_mtime)
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["dpkg-deb", "-x", file, root], check=True)
    return file, root


def test_it_holds_what_an_operator_needs(package):
    _, root = package
    for name in ("usr/bin/posthorn", "usr/libexec/posthorn/posthorn-script", UNIT, "etc/posthorn/posthorn.toml", "usr/share/man/man1/posthorn.1.gz",
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
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here to judge the unit")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", root / UNIT], capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stdout[-2000:] + judged.stderr


def test_what_is_installed_runs_with_its_own_configuration(package, tmp_path):
    _, root = package
    server = Server(tmp_path, arguments=["--config", str(root / "etc/posthorn/posthorn.toml")], binary=root / "usr/bin/posthorn")
    server.start()
    server.api.topic("test.made")
    assert server.api.publish()["deliveries"] == 0
    assert server.stop() == 0
    assert not server.error_lines
    version = subprocess.run([root / "usr/bin/posthorn", "version"], capture_output=True, text=True, check=True).stdout
    assert any(character.isdigit() for character in version)




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
    if shutil.which("systemd-analyze") is None or shutil.which("strace") is None:
        pytest.skip("there is no systemd-analyze or no strace here")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        traced = subprocess.Popen(
            ["strace", "-f", "-o", tmp_path / "calls", root / "usr/libexec/posthorn/posthorn-script", str(128 << 20)],
            preexec_fn=lambda: (os.dup2(theirs.fileno(), 3), os.set_inheritable(3, True)), close_fds=False,
        )
        theirs.close()
        ours.settimeout(30)
        ready = ours.recv(100)
        ours.shutdown(socket.SHUT_RDWR)
        traced.wait(30)
    assert ready[4] == 0, f"the helper was not ready: {ready}"
    made = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", (tmp_path / "calls").read_text(), re.M))
    assert "seccomp" in made, "nothing was traced: the test proves nothing"
    assert not made - allowed_calls((root / UNIT).read_text())
