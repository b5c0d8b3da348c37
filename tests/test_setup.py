"""What a build needs and what it compiles.

tools/packages.txt: the group [build] alone is enough for `make`. Everything that configuring found on this machine and every
header that the program was compiled from belongs to a package that this group brings, without recommended ones."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from support.server import ROOT

BUILD = ROOT / "build/release"


def lines_of(*command, may_fail=False):
    done = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert may_fail or done.returncode == 0, f"{command[:6]}: {done.stderr[-2000:]}"
    return done.stdout.splitlines()


def packages_of(group):
    text = re.search(rf"^\[{group}\]\n(.*?)(?=^\[|\Z)", (ROOT / "tools/packages.txt").read_text(), re.M | re.S).group(1)
    return {line for line in text.splitlines() if line and not line.startswith("#")}


def dependencies():
    """(what each installed package depends on, what every Debian has)"""
    queried = lines_of("dpkg-query", "-W", "-f=${Package} ${Essential} ${Priority}\n")
    always = {line.split()[0] for line in queried if line.endswith(" required") or " yes " in line}
    ignored = [f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")]
    graph = {}
    for line in lines_of("apt-cache", "depends", "--recurse", "--installed", *ignored, *sorted(packages_of("build") | always)):
        if line.startswith(" "):  # "  Depends: one", " |Depends: one", or "    one" of those that provide it
            needs.add(line.split()[-1])
        else:
            needs = graph.setdefault(line, set())
    return graph, always


def brought_by(packages, graph):
    brought, waiting = set(), list(packages)
    while waiting:
        package = waiting.pop()
        if package not in brought:
            brought.add(package)
            waiting += graph.get(package, ())
    return brought


def found_by_configuring():
    """Libraries, programs, CMake packages, and pkg-config's files with those that they require."""
    cache = dict(re.findall(r"^([^#/:\n]+):[A-Z]+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M))
    found = set()
    for name, value in cache.items():
        path = Path(value)
        if not value.startswith("/usr/") or value.startswith("/usr/local/") or not path.exists():
            continue  # what somebody installed by hand is theirs
        if path.is_file():
            found.add(value)
        elif name.endswith("_DIR") and "/cmake/" in value:
            found |= {str(file) for file in path.glob("*.cmake")}
        elif name.endswith(("_SOURCE_DIR", "_INCLUDE_DIR")) and value.startswith("/usr/share/"):
            found |= {str(file) for file in path.iterdir() if file.is_file()}
    waiting = [value for name, value in cache.items() if name.endswith("_MODULE_NAME") and value]
    seen = set()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        found.add("/".join([*lines_of("pkg-config", "--variable=pcfiledir", module), module + ".pc"]))
        required = lines_of("pkg-config", "--print-requires", "--print-requires-private", module)
        waiting += [line.split()[0] for line in required if line.strip()]
    return found


def read_by_the_compiler():
    needed = set(lines_of("ninja", "-C", BUILD, "-t", "inputs", "posthorn"))
    headers, counts = set(), False
    for line in lines_of("ninja", "-C", BUILD, "-t", "deps"):
        if line and not line.startswith(" "):
            counts = line.partition(":")[0] in needed
        elif counts and line.startswith("    /usr/") and not line.startswith("    /usr/local/"):
            headers.add(os.path.normpath(line.strip()))
    return headers


def owners_of(paths):
    """Package of each path, by dpkg. Before /usr was merged a package put its files into /lib, and its list still says so."""
    names = {}
    for path in paths:
        real = os.path.realpath(path)
        names[path] = [name for one in (path, real) for name in (one, one.removeprefix("/usr"))]
    owners = {}
    for line in lines_of("dpkg", "-S", *sorted({name for each in names.values() for name in each}), may_fail=True):
        packages, _, name = line.rpartition(": ")
        if not packages.startswith("diversion by"):
            owners[name] = {package.partition(":")[0] for package in packages.split(", ")}
    return {path: next((owners[name] for name in each if name in owners), set()) for path, each in names.items()}


@pytest.fixture(scope="module")
def used():
    paths = found_by_configuring() | read_by_the_compiler()
    for part in ("/cmake/GTest/", "/llhttp.h", "/mozjs-102.pc", "/sqlite3.h", "/libssl.so", "-g++-", "/bin/ninja", "/boost/asio/"):
        assert any(part in path or part in os.path.realpath(path) for path in paths), f"{part} is not among {len(paths)} paths"
    return owners_of(paths), *dependencies()


def lacking(used, packages):
    """Of what `packages` do not bring, each package with one path of it. What has no package was put there by hand."""
    owners, graph, always = used
    brought = brought_by(packages | always, graph)
    return {min(names, default="no package"): path for path, names in owners.items() if not names & brought}


def test_what_a_build_uses_is_installed_for_it(used):
    assert not lacking(used, packages_of("build"))


@pytest.mark.parametrize("package", ["libgtest-dev", "libmozjs-102-dev", "node-llhttp", "libtomlplusplus-dev", "ninja-build"])
def test_a_package_that_is_not_listed_is_missed(used, package):
    listed = packages_of("build")
    assert package in listed
    assert set(lacking(used, listed - {package})) == {package}


def test_what_measures_is_compiled_by_the_tests():
    listed = lines_of("ninja", "-C", BUILD, "-t", "inputs", "benches")
    for source in [*ROOT.glob("src/**/*_bench.cc"), ROOT / "bench/sink.cc"]:
        assert str(source) in listed
    assert re.search(r'build\("release", \[.*"benches".*\]', (ROOT / "tools/run_tests").read_text())
