"""HAR and mitmproxy's flows: messages survive, and others read what is written."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from mitmproxy.io import FlowReader

from tests.support.captured import DOWN, UP, MemoryCapture, Peers, captures, conversation
from wsproxy.formats import flows, har
from wsproxy.formats.interfaces import CaptureReader, FormatError, Imported
from wsproxy.model.records import ConnectionRecord, End
from wsproxy.protocol.handshake import header

HERE = Path(__file__).parent


def har_of(items: list[Imported]) -> bytes:
    out = io.BytesIO()
    har.write(MemoryCapture(items), out)
    return out.getvalue()


def flows_of(items: list[Imported]) -> bytes:
    out = io.BytesIO()
    flows.write(MemoryCapture(items), out)
    return out.getvalue()


def said(capture: CaptureReader, *, control: bool, what_went_on: bool = False) -> list[Any]:
    """Messages by connection, as HAR and flows know them."""
    found = []
    for connection in capture.connections():
        for seen in capture.seen(connection.id):
            record, message = seen.record, seen.message
            if record.message is None and not control:
                continue
            if record.message is not None and not record.frame.fin:
                continue
            content = record.frame.payload if message is None else message.content
            verdict = "relayed" if message is None else message.verdict
            if what_went_on and message is not None and message.sent is not None:
                content, verdict = message.sent, "relayed"
            opcode = record.frame.opcode if message is None else message.opcode
            note = seen.note[3:] if seen.note is not None else None
            found.append(
                (connection.id, record.direction, record.time, opcode, content, verdict, note)
            )
    return found


def handshakes(capture: CaptureReader) -> list[Any]:
    return [
        (
            *(c.id, c.opened, c.client, c.request_headers, c.status, c.response_headers),
            *(c.closed, c.note, c.marked, c.target),
        )
        for c in capture.connections()
    ]


@settings(max_examples=40, deadline=None)
@given(captures(odd=False))
def test_har_brings_messages_and_control_frames_back(items: list[Imported]) -> None:
    before = MemoryCapture(items)
    back = MemoryCapture(har.read(io.BytesIO(har_of(items))))
    assert back.connections() == before.connections()
    assert back.http() == before.http()
    assert said(back, control=True) == said(before, control=True)


@settings(max_examples=40, deadline=None)
@given(captures(odd=False))
def test_flows_bring_messages_back(items: list[Imported]) -> None:
    before = MemoryCapture(items)
    back = MemoryCapture(flows.read(io.BytesIO(flows_of(items))))
    assert handshakes(back) == handshakes(before)
    assert back.http() == before.http()
    assert said(back, control=False) == said(before, control=False, what_went_on=True)


def talk() -> list[Imported]:
    peers = Peers(conversation(1, deflate=True))
    peers.say(UP, "hello").say(DOWN, b"\x00\xff", cuts=[1]).say(UP, b"hi", opcode=9)
    return peers.say(UP, b"\x03\xe8bye", opcode=8).items


def test_har_is_chromes() -> None:
    (entry,) = json.loads(har_of(talk()))["log"]["entries"]
    assert entry["_resourceType"] == "websocket"
    assert entry["request"]["url"] == "ws://server.example:8000/api/chat?x=1"
    assert entry["_webSocketMessages"][:2] == [
        {"type": "send", "time": 1001.25, "opcode": 1, "data": "hello", "_compressed": True},
        {"type": "receive", "time": 1001.5, "opcode": 2, "data": "AP8=", "_compressed": True},
    ]
    assert entry["_webSocketMessages"][3]["_closeCode"] == 1000


CHROME = {
    "log": {
        "version": "1.2",
        "entries": [
            {
                "_resourceType": "websocket",
                "_webSocketMessages": [
                    {"type": "send", "time": 1700000000.5, "opcode": 1, "data": "a"},
                    {"type": "receive", "time": 1700000001.5, "opcode": 2, "data": "AAE="},
                    {"type": "error", "time": 1700000002.0, "opcode": -1, "data": "gone"},
                ],
                "startedDateTime": "2023-11-14T22:13:20.000Z",
                "time": 12.5,
                "request": {"url": "wss://example.org/live?x=1", "headers": []},
                "response": {"status": 101, "statusText": "", "headers": []},
            },
            {
                "request": {"method": "GET", "url": "https://example.org/a?b", "headers": []},
                "response": {
                    "status": 200,
                    "headers": [],
                    "bodySize": -1,
                    "content": {"text": "aGk=", "encoding": "base64"},
                },
                "startedDateTime": "2023-11-14T22:13:20.000Z",
                "time": 500,
            },
        ],
    }
}


def test_a_har_of_a_browser_can_be_read() -> None:
    items = [*har.read(io.BytesIO(json.dumps(CHROME).encode()))]
    connection = items[0]
    assert isinstance(connection, ConnectionRecord)
    assert (connection.upstream_url, connection.target) == (
        "wss://example.org/live?x=1",
        "/live?x=1",
    )
    assert connection.end == End("aborted")
    capture = MemoryCapture(items)
    assert [row[4] for row in said(capture, control=True)] == [b"a", b"\0\x01"]
    (request,) = capture.http()
    assert (request.method, request.target, request.status) == ("GET", "/a?b", 200)
    assert (request.response_body, request.seconds) == (b"hi", 0.5)


@pytest.mark.parametrize("content", [b"{", b"{}", b'{"log": {"entries": [1]}}', b'{"log": 3}'])
def test_what_is_no_har_is_said(content: bytes) -> None:
    with pytest.raises(FormatError):
        list(har.read(io.BytesIO(content)))


def test_a_large_flow_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    flows_of(talk())
    assert not caplog.messages
    monkeypatch.setattr(flows, "LARGE", 1)
    flows_of(talk())
    (line,) = caplog.messages
    assert line.startswith("connection 1 has more than 0 MiB of messages, and a flow is in memory")


def test_flow_reader_and_mitmdump_read_flows(tmp_path: Path) -> None:
    data = flows_of(talk())
    (flow,) = FlowReader(io.BytesIO(data)).stream()
    assert [m.content for m in flow.websocket.messages] == [b"hello", b"\0\xff"]  # type: ignore[attr-defined]
    path = tmp_path / "f.flows"
    path.write_bytes(data)
    mitmdump = Path(sys.executable).with_name("mitmdump")
    done = subprocess.run(
        [mitmdump, "-nr", path, "--set", "flow_detail=3"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "hello" in done.stdout


@pytest.mark.parametrize("cut", [1, 100])
def test_a_cut_flow_file_is_said(cut: int) -> None:
    with pytest.raises(FormatError, match="cut off"):
        list(flows.read(io.BytesIO(flows_of(talk())[:-cut])))


@pytest.mark.parametrize("name", ["firefox", "playwright", "proxyman"])
def test_hars_of_other_programs_can_be_read(name: str) -> None:
    """Written by hand, by the shape that each of them documents or has in its source."""
    with (HERE / "hars" / f"{name}.har").open("rb") as file:
        capture = MemoryCapture(har.read(file))
    (connection,) = capture.connections()
    assert connection.upstream_url == "wss://example.org/live?token=abc"
    assert connection.status == 101
    assert header(connection.request_headers, "Sec-WebSocket-Version") == "13"
    expected = [
        (0, 1, b'{"op":"subscribe"}'),
        (1, 1, '{"price":"1 \u20ac"}'.encode()),
        (1, 2, b"\0\xff"),
    ]
    if name == "firefox":
        expected = []  # it writes no messages
    assert [row[1:2] + row[3:5] for row in said(capture, control=False)] == expected
    (request,) = capture.http()
    assert (request.method, request.status, request.response_body[:6]) == ("GET", 200, b"<html>")
