"""The command line against a real server: the demo, listen, send with an interruption, watch with a kill, recovery."""

import json
import os
import re
import signal
import subprocess
import time

from support.endpoint import status
from support.server import ADMIN_KEY, BINARY, wait_until


def environment(server, home):
    return {"PATH": os.environ["PATH"], "HOME": str(home), "POSTHORN_URL": f"http://127.0.0.1:{server.port}", "POSTHORN_ADMIN_KEY": ADMIN_KEY}


def run(server, home, *arguments, code=0, stdin=""):
    done = subprocess.run([BINARY, *map(str, arguments)], env=environment(server, home), input=stdin, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def events(server, home):
    return json.loads(run(server, home, "events", "list", "--all", "--json"))


def test_demo_delivers_everything_and_cleans_up(tmp_path):
    done = subprocess.run([BINARY, "demo", "--quick"], env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every event arrived at every endpoint, signed." in done.stdout
    assert re.search(r"duplicates +0", done.stdout)
    assert "posthorn listen" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_listen_shows_a_verified_delivery_and_unsubscribes(server, tmp_path):
    command = [BINARY, "listen", "--subscribe", "test.*", "--json", "--count", "1"]
    with subprocess.Popen(command, env=environment(server, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as listener:
        wait_until(lambda: json.loads(run(server, tmp_path, "subscriptions", "list", "--json")), what="subscription")
        run(server, tmp_path, "send", "test.made", '{"n": 1.00}')
        arrived = json.loads(listener.stdout.readline())
        assert listener.wait(120) == 0
    assert arrived["signature"] == "valid"
    assert arrived["topic"] == "test.made"
    assert arrived["body"]["data"] == {"n": 1.0}
    assert run(server, tmp_path, "subscriptions", "list", "--json").strip() == "[]"


def test_send_resumes_after_kills_and_publishes_nothing_twice(server, tmp_path):
    count = 20_000
    lines = tmp_path / "lines"
    lines.write_text("".join(json.dumps({"topic": "test.made", "data": i}) + "\n" for i in range(count)))
    command = ["send", "--lines", lines, "--resume", tmp_path / "state"]
    for _ in range(4):
        with subprocess.Popen([BINARY, *map(str, command)], env=environment(server, tmp_path), stdout=subprocess.DEVNULL) as sender:
            time.sleep(0.1)  # somewhere in the middle
            sender.send_signal(signal.SIGKILL)
    run(server, tmp_path, *command)
    assert len(events(server, tmp_path)) == count
    assert "Nothing new after line 20,000" in run(server, tmp_path, *command)


def event_lines(first, last, topic="test.made"):
    return "".join(json.dumps({"topic": topic, "data": i}) + "\n" for i in range(first, last))


def test_send_goes_on_with_appended_lines_and_refuses_another_input_or_target(server, tmp_path):
    lines, state = tmp_path / "lines", tmp_path / "state"
    lines.write_text(event_lines(0, 250) + event_lines(0, 1, "test.unknown"))
    command = ["send", "--lines", lines, "--resume", state]
    run(server, tmp_path, *command, code=1)
    again = json.loads(run(server, tmp_path, *command, "--json", code=1))  # nothing new, but a line was refused
    assert (again["accepted"], again["totalAccepted"], again["totalRefused"], again["finished"]) == (0, 250, 1, True)
    with lines.open("a") as file:
        file.write(event_lines(251, 300))
    assert json.loads(run(server, tmp_path, *command, "--json", code=1))["accepted"] == 49
    assert len(events(server, tmp_path)) == 299

    run(server, tmp_path, "tenants", "put", "t2")
    run(server, tmp_path, "topics", "put", "test.made", "--tenant", "t2")
    run(server, tmp_path, *command, "--tenant", "t2", code=2)
    run(server, tmp_path, *command, "--url", f"http://localhost:{server.port}", code=2)
    run(server, tmp_path, "send", "test.made", *command[1:], code=2)
    lines.write_text(event_lines(1, 400))
    run(server, tmp_path, *command, code=2)
    lines.write_text(event_lines(0, 10))
    run(server, tmp_path, *command, code=2)
    assert len(events(server, tmp_path)) == 299
    assert json.loads(run(server, tmp_path, "events", "list", "--tenant", "t2", "--json")) == []
    lines.write_text(event_lines(1000, 1010))
    run(server, tmp_path, "send", "--lines", lines, "--resume", tmp_path / "another")
    assert len(events(server, tmp_path)) == 309


def test_send_takes_a_slow_input_line_by_line_and_ends_when_told(server, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for lines in ("-", pipe):
        before = len(events(server, tmp_path))
        with subprocess.Popen(["sleep", "60"] if lines == pipe else ["cat", pipe], stdout=subprocess.PIPE) as other:
            command = [BINARY, "send", "--lines", str(lines), "--json"]
            with subprocess.Popen(command, env=environment(server, tmp_path), stdin=other.stdout, stdout=subprocess.PIPE, text=True) as sender:
                with pipe.open("w") as writer:
                    writer.write(event_lines(0, 3))
                    writer.flush()
                    wait_until(lambda seen=before: len(events(server, tmp_path)) == seen + 3, what="three events")
                    writer.write(event_lines(3, 4))
                    writer.flush()
                    wait_until(lambda seen=before: len(events(server, tmp_path)) == seen + 4, what="another event")
                    sender.send_signal(signal.SIGINT)
                    assert sender.wait(20) == 7
                    assert json.loads(sender.stdout.read())["accepted"] == 4
            other.kill()


def test_send_says_which_options_it_cannot_heed(server, tmp_path):
    lines = tmp_path / "lines"
    lines.write_text(event_lines(0, 1))
    for option in ("--id", "--time", "--user", "--scope", "--idempotency-key"):
        run(server, tmp_path, "send", "--lines", lines, option, "x", code=2)
    for option, value in (("--resume", tmp_path / "state"), ("--rate", 5), ("--batch", 10), ("--patience", "1s")):
        run(server, tmp_path, "send", "test.made", "1", option, value, code=2)
    assert events(server, tmp_path) == []
    run(server, tmp_path, "send", "--lines", lines, "--batch", 10, "--patience", "1s", "--rate", 5)
    run(server, tmp_path, "send", "test.made", "1", "--user", "x", "--idempotency-key", "x")
    assert len(events(server, tmp_path)) == 2


def test_watch_misses_and_repeats_nothing_over_kills(server, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for i in range(600):
        (folder / f"file{i}").write_text(str(i))
    command = [BINARY, "watch", str(folder)]
    for _ in range(4):
        with subprocess.Popen(command, env=environment(server, tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as watcher:
            time.sleep(0.05)  # somewhere in the middle
            watcher.send_signal(signal.SIGKILL)
    run(server, tmp_path, "watch", folder, "--once")
    assert len(events(server, tmp_path)) == 600
    (folder / "file1").unlink()
    (folder / "file2").write_text("changed")
    run(server, tmp_path, "watch", folder, "--once")
    run(server, tmp_path, "watch", folder, "--once")
    assert sorted(event["topic"] for event in events(server, tmp_path)[:2]) == ["document.deleted", "document.edited"]
    assert len(events(server, tmp_path)) == 602


def test_exit_codes_of_what_no_server_refused(server, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    port = server.port
    run(server, tmp_path, "listen", "--listen", f"127.0.0.1:{port}", code=2)
    run(server, tmp_path, "backup", "--data", tmp_path / "nope", tmp_path / "copy", code=2)
    run(server, tmp_path, "backup", "--data", server.data, tmp_path / "copy")
    run(server, tmp_path, "backup", "--data", server.data, tmp_path / "copy", code=2)
    run(server, tmp_path, "compact", "--data", server.data, code=2)

    state = tmp_path / "state"
    run(server, tmp_path, "watch", folder, "--once", "--state", state)
    run(server, tmp_path, "watch", tmp_path, "--once", "--state", state, code=2)
    command = [BINARY, "watch", folder, "--state", state]
    with subprocess.Popen(command, env=environment(server, tmp_path), stderr=subprocess.PIPE, text=True) as watcher:
        assert "Caught up" in watcher.stderr.readline()
        run(server, tmp_path, "watch", folder, "--once", "--state", state, code=2)
        folder.rmdir()
        assert watcher.wait(30) == 1


def test_watch_waits_for_a_server_that_starts_later(server, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_text("x")
    server.stop()
    with subprocess.Popen([BINARY, "watch", folder], env=environment(server, tmp_path), stderr=subprocess.PIPE, text=True) as watcher:
        assert "Waiting" in watcher.stderr.readline()
        server.start()
        wait_until(lambda: len(events(server, tmp_path)) == 1, what="the file's event")
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(30) == 0


def test_lost_output_is_a_failure(server, tmp_path):
    for arguments in (["topics", "list"], ["topics", "list", "--json"], ["tenants", "export", "default"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BINARY, *arguments], env=environment(server, tmp_path), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 1, arguments
        assert "could not be written" in done.stderr


def test_listen_removes_what_a_killed_one_left(server, tmp_path):
    def subscriptions():
        return json.loads(run(server, tmp_path, "subscriptions", "list", "--json"))

    def listening(process):
        while "Listening" not in process.stderr.readline():
            assert process.poll() is None

    command = [BINARY, "listen", "--subscribe", "test.*"]
    settings = {"env": environment(server, tmp_path), "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **settings) as killed, subprocess.Popen(command, **settings) as living:
        listening(killed)
        listening(living)
        killed.kill()
        killed.wait(30)
        kept = {one["id"] for one in subscriptions()}
        assert len(kept) == 2
        with subprocess.Popen(command, **settings) as third:
            listening(third)
            now = subscriptions()
            assert len(now) == 2
            assert len(kept & {one["id"] for one in now}) == 1  # the living one's
            third.send_signal(signal.SIGTERM)
        living.send_signal(signal.SIGTERM)
    assert subscriptions() == []


def test_deeds_answer_in_json(server, tmp_path):
    made = json.loads(run(server, tmp_path, "subscriptions", "create", "--poll", "--topic", "test.*", "--json"))["id"]
    run(server, tmp_path, "topics", "put", "test.other")
    run(server, tmp_path, "tenants", "put", "t3")
    event = json.loads(run(server, tmp_path, "send", "test.made", "1", "--json"))["id"]
    assert json.loads(run(server, tmp_path, "events", "expunge", event, "--json")) == {"expunged": event}
    assert json.loads(run(server, tmp_path, "subscriptions", "delete", made, "--json")) == {"deleted": made}
    assert json.loads(run(server, tmp_path, "topics", "delete", "test.other", "--json")) == {"deleted": "test.other"}
    assert json.loads(run(server, tmp_path, "tenants", "delete", "t3", "--yes", "--json")) == {"deleted": "t3"}


def test_doctor_notes_a_variable_that_nothing_reads(tmp_path):
    settings = {"PATH": os.environ["PATH"], "POSTHORN_LSITEN": "127.0.0.1:1", "POSTHORN_DATA": str(tmp_path / "data")}
    done = subprocess.run([BINARY, "doctor", "--json"], env=settings, capture_output=True, text=True, timeout=60)
    notes = [check for check in json.loads(done.stdout)["checks"] if check["subject"] == "environment"]
    assert [(note["verdict"], note["advice"]) for note in notes] == [("note", "Is POSTHORN_LISTEN meant?")]
    assert "POSTHORN_LSITEN" in notes[0]["text"]


def test_a_demo_of_few_files_says_what_it_did_not_show(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    (files / "one").write_text("1")
    settings = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
    done = subprocess.run([BINARY, "demo", "--quick", "--dir", str(files)], env=settings, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Not shown with so few files: .*no file was deleted", done.stdout)


def test_exit_codes_of_calls(server, tmp_path):
    run(server, tmp_path, "deliveries", "get", "nonsense", code=3)
    run(server, tmp_path, "topics", "list", "--tenant", "nobody", code=3)
    run(server, tmp_path, "topics", "list", "--url", "http://127.0.0.1:1", code=4)
    run(server, tmp_path, "topics", "list", "--key-file", "-", stdin="wrong-key", code=5)
    run(server, tmp_path, "send", "unknown.topic", "1", code=6)


def test_recovery_polling_and_privacy_from_the_command_line(server, endpoint, tmp_path):
    def posthorn(*arguments):
        return json.loads(run(server, tmp_path, *arguments, "--json"))

    def ended(job):
        done = wait_until(lambda: (lambda now: now if now["state"] == "done" else None)(posthorn("jobs", "show", job["id"])), what="the job's end")
        return done["progress"]["changed"]

    endpoint.behave("/hook", status(500))
    server.api.publish(data="before")
    pushed = server.api.subscribe(endpoint.url("/hook"), retry={"scheduleMs": []})
    polled = posthorn("subscriptions", "create", "--poll", "--topic", "test.*")
    for number in range(3):
        server.api.publish(data=number)
    wait_until(lambda: len(posthorn("deliveries", "list", "--status", "exhausted")) == 3, what="given up")
    endpoint.behave("/hook", status(200))
    assert ended(posthorn("deliveries", "recover", pushed["id"], "--since", "1h")) == 3
    assert ended(posthorn("subscriptions", "replay-missing", pushed["id"], "--since", "1h", "--topic", "test.*")) == 1
    wait_until(lambda: len(posthorn("deliveries", "list", "--status", "succeeded")) == 4, what="delivered")
    assert ended(posthorn("deliveries", "resend-all", "--since", "1h", "--status", "succeeded", "--subscription", pushed["id"])) == 4
    endpoint.wait_for(3 + 4 + 4)
    assert len(posthorn("jobs", "list")) == 3

    lines = run(server, tmp_path, "poll", polled["id"], "--ack").splitlines()
    assert [json.loads(line)["data"] for line in lines] == [0, 1, 2]
    assert run(server, tmp_path, "poll", polled["id"]) == ""
    wait_until(lambda: posthorn("stats", "--since", "1h")["total"]["delivered"] == 4 + 4 + 3, what="counted")
    assert posthorn("stats", "--since", "1h", "--subscription", polled["id"])["total"]["delivered"] == 3

    event = posthorn("events", "list")[0]
    run(server, tmp_path, "events", "expunge", event["id"])
    assert posthorn("events", "get", event["id"])["dataExpunged"] is True
    server.api.expect(201, "PUT", "tenants/acme", {})
    assert '"type":"tenant"' in run(server, tmp_path, "tenants", "export", "acme")
    run(server, tmp_path, "tenants", "erase", "acme", "--confirm", "acne", code=6)
    assert posthorn("tenants", "erase", "acme", "--confirm", "acme")["kind"] == "erase"
    assert server.api.call("GET", "tenants/acme").status == 404
