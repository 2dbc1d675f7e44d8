"""`wsproxy show`, by the real command on a pipe and on a terminal."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.captured import DEFLATE, conversation
from tests.support.command import environment, on_terminal, piped, run
from tests.support.fakes import FakeClock
from tests.support.recording import Recording
from wsproxy.model.records import Direction, FaultRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder

UP, DOWN = Direction
NOON = datetime(2024, 5, 17, 12, 0, 0).astimezone().timestamp()
LONG = "long " * 100


class Live(Recording):
    """A capture of one connection that is written bit by bit."""

    def __init__(self, path: Path, opened: float = NOON) -> None:
        self.clock = FakeClock()
        super().__init__(path, clock=self.clock)
        self.opened = opened
        self.connection = conversation(opened=opened, end=None)
        self.connection_changed(self.connection)
        self._decoders = {way: StreamDecoder(1, way) for way in Direction}

    def say(self, way: Direction, at: float, *contents: str, opcode: int = 1) -> None:
        key = b"\1\2\3\4" if way is UP else None
        for content in contents:
            wire = make_frame(opcode, content.encode(), masking_key=key).wire
            self.journal.chunks.append((self._decoders[way], self.opened + at, wire))
        self.flush()

    def end(self, at: float) -> None:
        ended = conversation(opened=self.opened)
        self.connection_changed(replace(ended, closed=self.opened + at))
        self.clock.advance(1)  # the recorder waits a moment for more of it


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "c.wsproxy"
    live = Live(path)
    live.say(UP, 1, '{"op":"subscribe"}')
    live.say(DOWN, 2, "price 1", LONG)
    live.journal.add_fault(
        FaultRecord(1, DOWN, NOON + 2.5, "half", "drop", None, "dropped", "Käse 1".encode(), b"")
    )
    live.say(DOWN, 3, "", opcode=9)
    live.say(DOWN, 90, "price 2")
    live.end(91)
    live.close()
    return path


def test_lines(capture: Path) -> None:
    lines = run("show", capture, "--messages", "--width", "20").stdout.splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == [
        "open 10.0.0.5:1234 /chat?x=1",
        '-> TEXT fin mask=01020304 len=18 {"op":"subscribe"}',
        "<- TEXT fin len=7 price 1",
        "<- TEXT fin len=500 long long long long …",
        "<- FAULT half (drop) dropped Käse 1 => nothing",
        "<- TEXT fin len=7 price 2",
        "closed by client 1000 normal bye",
    ]
    assert lines[1].startswith("12:00:01.000 #1")
    assert LONG in run("show", capture, "--messages", "--full").stdout


def test_parts_and_times(capture: Path) -> None:
    def shown(*options: str) -> list[str]:
        done = run("show", capture, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert len(shown("--connection", "1")) == 8
    assert len(shown("--connection", "1", "-n", "2")) == 2
    (line,) = shown("--filter", "price", "--since", "+1m", "--times", "relative")
    assert line.startswith("+90.000 #1 <- TEXT")
    assert len(shown("--filter", "price", "--until", "2024-05-17T12:00:30")) == 1
    assert not run("show", capture, "--since", "5m").stdout


def test_as_a_table(capture: Path) -> None:
    head, *rows = run("show", capture, "--log-format", "table", "--filter", "~all").stdout.split(
        "\n"
    )
    assert head.split() == ["frame", "time", "conn", "opcode", "bits", "length"]
    assert rows[0].split()[:7] == ["1", "12:00:01.000", "#1", "->", "text", "F---M", "18"]
    listed = run("show", capture).stdout.splitlines()
    assert listed[0].split() == ["conn", "opened", "client", "path", "->", "<-", "ended"]
    assert re.match(r"#1 +12:00:00.000 10.0.0.5:1234 /chat\?x=1 1 +\d+ B", listed[1])


def test_as_objects(capture: Path) -> None:
    done = run("show", capture, "--log-format", "jsonl")
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["event"] for each in objects] == [
        *("connection", "frame", "frame", "frame", "fault", "frame", "frame", "connection")
    ]
    assert [each["state"] for each in (objects[0], objects[-1])] == ["open", "closed"]
    assert objects[2]["text"] == "price 1"


def test_headers(capture: Path) -> None:
    for options in ([], ["--filter", "~up"]):
        text = run("show", capture, "--headers", *options).stdout
        assert "#1 > GET /chat?x=1\n#1 > Host: proxy.example:8080\n" in text
        assert "#1 < 101 Switching Protocols\n#1 < Upgrade: websocket\n" in text


def test_one_frame_with_every_bit(capture: Path) -> None:
    text = run("show", capture, "--frame", "1").stdout
    assert "header           81 92 01 02 03 04\n" in text
    for line in ("FIN 1", "RSV1 RSV2 RSV3 0 0 0", "opcode 0x1 text", "MASK 1"):
        assert line in " ".join(text.split())
    assert '7b 22 6f 70 22 3a 22 73 75 62 73 63 72 69 62 65  {"op":"subscribe' in text
    assert json.loads(run("show", capture, "--frame", "1", "--log-format", "jsonl").stdout)["fin"]
    missing = run("show", capture, "--frame", "77")
    assert missing.returncode == 2
    assert "the capture has no frame 77" in missing.stderr


def test_nothing_is_said_in_words(capture: Path, tmp_path: Path) -> None:
    done = run("show", capture, "--filter", "nowhere")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no frame matches\n")
    Recording(tmp_path / "empty.wsproxy").close()
    assert run("show", tmp_path / "empty.wsproxy").stderr == "the capture is empty\n"


def test_dates_where_a_capture_spans_days(tmp_path: Path) -> None:
    live = Live(tmp_path / "c.wsproxy")
    live.say(DOWN, 86400 * 2, "the day after tomorrow")
    live.close()
    shown = run("show", tmp_path / "c.wsproxy", "--messages").stdout.splitlines()
    assert shown[0].startswith("2024-05-17 12:00:00.000 #1 open")
    assert shown[1].startswith("2024-05-19 12:00:00.000 #1 <-")


def test_following(tmp_path: Path) -> None:
    live = Live(tmp_path / "c.wsproxy", opened=NOON)
    live.say(DOWN, 1, "old", "newer")
    with piped("show", tmp_path / "c.wsproxy", "--follow", "-n", "1", "--filter", "~text") as it:
        it.out.expect("newer")
        live.say(DOWN, 2, "news")
        it.out.expect("news")
        live.say(DOWN, 2, "ping", opcode=9)
        live.say(DOWN, 3, "more news")
        it.out.expect("more news")
        assert it.finish() == 0
        assert "old" not in it.out.text
        assert "PING" not in it.out.text
    with piped("show", tmp_path / "c.wsproxy", "--follow") as it:
        it.out.expect("more news")
        live.end(9)
        it.out.expect("closed by client 1000")
    live.close()


def test_a_pager_on_a_terminal(capture: Path, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\nsed 's/^/paged: /'\n")
    pager.chmod(0o755)
    with on_terminal("show", capture, env={"PAGER": str(pager)}) as it:
        assert "paged: #1" in it.out.rest()
    with on_terminal("show", capture, "--follow", "-n", "1", env={"PAGER": str(pager)}) as it:
        it.out.expect("closed by client")
        it.process.send_signal(signal.SIGINT)
        assert "paged" not in it.out.rest()


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    live = Live(tmp_path / "c.wsproxy")
    live.say(DOWN, 1, *[LONG] * 3000)
    live.close()
    command = [sys.executable, "-m", "wsproxy", "show", str(tmp_path / "c.wsproxy"), "--messages"]
    process = subprocess.Popen(
        [*command, "--full"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(20)


def test_compressed_text_stands_where_plain_text_does(tmp_path: Path) -> None:
    """`jq .text` of a capture, an export and the log, whatever the wire carried."""
    from tests.support.captured import Peers
    from wsproxy.captures.making import make_capture

    peers = Peers(conversation(deflate=True)).say(DOWN, "hello hello hello")
    assert DEFLATE in peers.connection.response_headers
    make_capture(tmp_path / "c.wsproxy", peers.items)
    for command in (("show", "--log-format"), ("export", "-o", "-", "--format")):
        out = run(command[0], tmp_path / "c.wsproxy", *command[1:], "jsonl").stdout
        frames = [o for o in map(json.loads, out.splitlines()) if o["event"] == "frame"]
        assert [frame["text"] for frame in frames] == ["hello hello hello"]
        assert frames[0]["rsv1"]
        assert frames[0]["payload_base64"]
