"""`wsproxy stats`, as its users see it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.command import run
from tests.support.recording import Recording
from wsproxy.model.http import HttpRecord
from wsproxy.model.records import ConnectionRecord, Direction, End
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder


def captured(path: Path) -> None:
    """Two connections of a client, one after the other, with a request each; and plain HTTP."""
    recording = Recording(path)
    for number, start in ((1, 100.0), (2, 108.0)):
        connection = ConnectionRecord(
            number, start, f"c:{number}", "ws://up/chat", "/chat", [], 101
        )
        connection.closed, connection.end = start + 3, End("closed", "client", 1001)
        recording.connection_changed(connection)
        for way, time, value in (
            (Direction.UPSTREAM, start, {"jsonrpc": "2.0", "id": 1, "method": "get"}),
            (Direction.DOWNSTREAM, start + 0.25, {"jsonrpc": "2.0", "id": 1, "result": 1}),
        ):
            frame = make_frame(1, json.dumps(value).encode()).wire
            recording.journal.chunks.append((StreamDecoder(number, way), time, frame))
    for number, status in enumerate((200, 404, 200), 1):
        record = HttpRecord(number, 101.0, "c:1", "GET", "/", "http://up/", "HTTP/1.1", [])
        record.status, record.ended = status, 102.0
        recording.journal.add_http(record)
    recording.close()


def test_a_capture_in_numbers(tmp_path: Path) -> None:
    captured(tmp_path / "c")
    text = run("stats", tmp_path / "c").stdout
    assert "2 connections in 1 session (1 reconnect), 8.2 s" in text
    assert "plain HTTP: 2 200, 1 404" in text
    assert "longest silences: 7.8 s at " in text
    assert "session c /chat: #1 #2, at most 5.00 s apart" in text
    assert "endings: 2 closed 1001" in text
    found = json.loads(run("stats", tmp_path / "c", "--json").stdout)
    assert found["reconnected"] == [
        {"client": "c", "target": "/chat", "connections": [1, 2], "gaps": [5.0]}
    ]
    assert found["http"] == {"200": 2, "404": 1}
    assert found["gaps"] == [{"since": 100.25, "seconds": 7.75}]
    (kind,) = [one for one in found["kinds"] if one["kind"] == "get"]
    assert (kind["requests"], kind["unanswered"], kind["p50"]) == (2, 0, 0.25)
