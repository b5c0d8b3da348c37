"""tools/check_layers: it passes what the tables allow, and finds what they do not."""

import subprocess

import pytest
from support.server import ROOT

TABLES = """
<!-- layers -->
| layer | folders | may include |
|---|---|---|
| program | `main.cc` | `engine` |
| engines | `engine` | `store` `base` |
| store | `store/file` | `store` `base` |
| store | `store` | `base` |
| foundation | `base` | |
<!-- end -->
<!-- third-party -->
| headers | folders |
|---|---|
| `sqlite3.h` | `store/file` |
| `fmt/` | `everywhere` |
<!-- end -->
<!-- exceptions -->
| file | may include | why |
|---|---|---|
%s
<!-- end -->
"""
EXCEPTION = "| `engine/*_test.cc` | `store/file/` | real store |"


@pytest.fixture
def project(tmp_path):
    """A small project that passes; a function that changes files and runs the check."""
    files = {
        "src/main.cc": '#include "engine/engine.h"\n',
        "src/engine/engine.h": '#include <vector>\n#include <sys/types.h>\n#include "store/store.h"\n#include "engine/other.h"\n',
        "src/engine/other.h": "",
        "src/engine/engine_test.cc": "#include <gtest/gtest.h>\n",
        "src/store/store.h": '#include "base/base.h"\n#include <fmt/core.h>\n',
        "src/store/file/file.h": '#include <sqlite3.h>\n#include "store/store.h"\n',
        "src/base/base.h": "#include <string>\n",
        "ARCHITECTURE.md": TABLES % "",
    }

    def check_files(contents):
        for name, text in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if name.startswith("src/") and path.name != "README.md":
                (path.parent / "README.md").write_text("# A folder\n")
        done = subprocess.run([ROOT / "tools/check_layers", tmp_path], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    return lambda changes=None: check_files({**files, **(changes or {})})


def test_what_the_tables_allow_passes(project):
    assert project() == (0, "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"src/base/base.h": '#include "engine/engine.h"\n'}, 'base may not include "engine/engine.h"'),
        ({"src/store/store.h": '#include "engine/engine.h"\n'}, 'store may not include "engine/engine.h"'),
        ({"src/engine/other.h": '  #  include "store/file/file.h"\n'}, 'engine may not include "store/file/file.h"'),
        ({"src/engine/other.h": "#include <sqlite3.h>\n"}, "<sqlite3.h> belongs to store/file, not to engine"),
        ({"src/engine/other.h": "#include <curl/curl.h>\n"}, "<curl/curl.h> has no row"),
        ({"src/engine/other.h": "#include <gtest/gtest.h>\n"}, "<gtest/gtest.h> has no row"),
        ({"src/engine/other.h": '#include "engine.h"\n'}, '"engine.h" is not a path from src/'),
        ({"src/new/new.h": ""}, "src/new/new.h: its folder has no row"),
        ({"src/engine/other.h": "\n" * 301}, "301 lines; at most 300"),
        ({"src/engine/other.cc": "\n" * 601}, "601 lines; at most 600"),
        ({"ARCHITECTURE.md": TABLES % EXCEPTION}, "is stale"),
        ({"ARCHITECTURE.md": (TABLES % "").replace("| foundation", "| tools | `gone` | |\n| foundation")}, "there is no src/gone"),
    ],
)
def test_what_the_tables_forbid_is_found(project, changes, said):
    code, output = project(changes)
    assert code == 1
    assert said in output


def test_an_exception_opens_only_what_it_names(project):
    tables = {"ARCHITECTURE.md": TABLES % EXCEPTION}
    forbidden = '#include "store/file/file.h"\n'
    assert project({**tables, "src/engine/engine_test.cc": forbidden}) == (0, "")
    code, output = project({**tables, "src/engine/engine_test.cc": forbidden, "src/engine/other.h": forbidden})
    assert code == 1
    assert "src/engine/other.h:1" in output


def test_a_folder_without_a_readme_is_found(project, tmp_path):
    project({"src/engine/inner/inner.h": "", "tests/support/test.py": ""})
    for folder in ("src", "src/engine", "src/engine/inner"):
        (tmp_path / folder / "README.md").unlink()
    done = subprocess.run([ROOT / "tools/check_layers", tmp_path], capture_output=True, text=True, check=False)
    for folder in ("src", "src/engine", "src/engine/inner", "tests", "tests/support"):
        assert f"{folder}/README.md: missing\n" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its first line is no heading"),
        ("-#engine\n", "its first line is no heading"),
        ("\n# engine\n", "its first line is no heading"),
        ("# engine\n" + "\n" * 20, "more than 20 lines"),
    ],
)
def test_a_readme_that_says_nothing_is_found(project, text, said):
    code, output = project({"src/engine/README.md": text})
    assert code == 1
    assert output == f"src/engine/README.md: {said}" + (" ('# …')\n" if "heading" in said else "\n")
