"""JSON lines: everything, lossless. The objects are those of the log (render/jsonl.py, docs/log.md)
with more fields where the log leaves something out; schema.json describes them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from wsproxy.errors import Side
from wsproxy.formats.interfaces import CaptureReader, FormatError, Imported, LeftOut, Told
from wsproxy.formats.selection import EVERYTHING, Selection, told
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import (
    ConnectionRecord,
    Counted,
    Direction,
    End,
    Ending,
    FaultRecord,
    FrameRecord,
    MessageRecord,
)
from wsproxy.protocol.frames import FIN, OPCODE_NAMES, RSV1, RSV2, RSV3, Frame, encode_header
from wsproxy.protocol.lint import Violation
from wsproxy.render.http import http_fields
from wsproxy.render.jsonl import connection_object, dump, fault_object, frame_object

MAX_LINE = 512 * 1024 * 1024
"""Bytes of a line that is read."""

_OPCODES = {name: opcode for opcode, name in OPCODE_NAMES.items()}


def write(reader: CaptureReader, out: BinaryIO, selection: Selection = EVERYTHING) -> None:
    """Write what is selected, a line each; what the capture lacks comes last."""
    out.writelines(line(thing) for thing in told(reader, selection))
    out.writelines(
        _encode(left_out_object(why, counted)) for why, counted in reader.left_out().items()
    )


class LineWriter:
    """A line each, at once (formats.interfaces.StreamWriter)."""

    def __init__(self, out: BinaryIO, selection: Selection) -> None:
        self._out = out

    def add(self, thing: Told) -> None:
        self._out.write(line(thing))

    def finish(self) -> None:
        """Nothing is left."""


writer = LineWriter


def line(thing: Told) -> bytes:
    """One line, with its end."""
    if isinstance(thing, ConnectionRecord):
        return _encode(whole_connection_object(thing))
    if isinstance(thing, FaultRecord):
        return _encode(fault_object(thing))
    if isinstance(thing, HttpRecord):
        return _encode(whole_http_object(thing))
    return _encode(whole_frame_object(thing))


def whole_connection_object(connection: ConnectionRecord) -> dict[str, Any]:
    """A connection with what the log leaves out."""
    return {
        **connection_object(connection),
        "opened": connection.opened,
        "closed": connection.closed,
        "request_headers": connection.request_headers,
        "response_headers": connection.response_headers,
        "status_reason": connection.reason,
        "endings": [ending._asdict() for ending in connection.endings],
        **_note_fields(connection.note, marked=connection.marked),
    }


def _note_fields(text: str, *, marked: bool) -> dict[str, Any]:
    return {**({"note": text} if text else {}), **({"marked": True} if marked else {})}


def whole_frame_object(seen: Seen) -> dict[str, Any]:
    """A frame with what the log leaves out: an odd header, a message's own time, a note on it."""
    record, message = seen.record, seen.message
    result = frame_object(seen.id, record, message)
    if seen.note is not None:
        result |= _note_fields(seen.note.text, marked=seen.note.marked)
    if _header_of(result) != record.frame.header:
        result["header"] = record.frame.header.hex()
    if message is not None and "ends_message" in result:
        if message.time != record.time:
            result["ends_message"]["time"] = message.time
        if message.violations:
            result["ends_message"]["violations"] = [
                {"rule": v.rule, "section": v.section, "text": v.text, "side": v.side.value}
                for v in message.violations
            ]
    return result


def whole_http_object(record: HttpRecord) -> dict[str, Any]:
    """A request of plain HTTP, its bodies as they were, as far as they are recorded."""
    return http_fields(
        record,
        {"request_body_base64": base64.b64encode(record.request_body).decode()},
        {"response_body_base64": base64.b64encode(record.response_body).decode()},
    )


def left_out_object(why: str, counted: Counted) -> dict[str, Any]:
    """What a capture lacks."""
    return {"event": "left_out", "why": why, "frames": counted.frames, "bytes": counted.bytes}


def _encode(value: dict[str, Any]) -> bytes:
    text = dump(value)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # header bytes that are not UTF-8 are surrogates here
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def read(file: BinaryIO) -> Iterator[Imported]:
    """What the lines of an export, or of `wsproxy run --log-format jsonl`, tell.

    Raises FormatError with the number of the line that is wrong.
    """
    number = 0
    while text := file.readline(MAX_LINE):
        number += 1
        if not text.strip():
            continue
        try:
            value = json.loads(text)
            yield from _read(value)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            what = "is cut off" if not text.endswith(b"\n") else f"is wrong: {_why(error)}"
            raise FormatError(f"line {number} {what}") from None


def _why(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return str(error) or type(error).__name__


def _read(value: dict[str, Any]) -> Iterator[Imported]:
    event = value["event"]
    if event == "frame":
        record = _frame_record(value)
        yield record
        if "ends_message" in value:
            yield _message_record(record, value, value["ends_message"])
        yield from _note(value, record.direction, record.message)
    elif event == "connection":
        yield _connection(value)
        yield from _note(value, None, None)
    elif event == "fault":
        yield fault_of(value)
    elif event == "http":
        yield _http(value)
    elif event == "left_out":
        yield LeftOut(str(value["why"]), int(value["frames"]), int(value["bytes"]))
    else:
        raise ValueError(f"there is no event {event!r}")


def _note(
    value: dict[str, Any], direction: Direction | None, message: int | None
) -> Iterator[NoteRecord]:
    text, marked = str(value.get("note", "")), bool(value.get("marked", False))
    if text or marked:
        yield NoteRecord(int(value["connection"]), direction, message, text, marked)


def _connection(value: dict[str, Any]) -> ConnectionRecord:
    state = value["state"]
    ended = state != "open"
    return ConnectionRecord(
        int(value["connection"]),
        float(value.get("opened", value["time"])),
        str(value["client"]),
        str(value["upstream"]),
        str(value["target"]),
        _headers(value.get("request_headers", [])),
        value["status"],
        str(value.get("status_reason", "")),
        _headers(value.get("response_headers", [])),
        value["subprotocol"],
        str(value["extensions"]),
        value.get("closed", value["time"] if ended else None),
        End(state, value["by"], value["code"], value["reason"]) if ended else None,
        endings=[
            Ending(float(one["time"]), str(one["what"]), str(one["by"]))
            for one in value.get("endings", [])
        ],
        instance=str(value.get("instance", "")),
        route=str(value.get("route", "")),
    )


def _headers(value: list[list[str]]) -> list[tuple[str, str]]:
    return [(str(name), str(text)) for name, text in value]


def _frame_record(value: dict[str, Any]) -> FrameRecord:
    # A payload that is just the content is not told twice.
    payload = _bytes(value, "payload") if "payload_base64" in value else _content(value)
    length = int(value["payload_length"])
    header = _header_of(value)
    received = int(value.get("received", length))
    if received >= 0 and len(payload) > received:
        raise ValueError("there is more payload than received")
    return FrameRecord(
        int(value["connection"]),
        Direction[value["direction"].upper()],
        float(value["time"]),
        Frame(_opcode(value["opcode"]), header, payload, length, received),
        value["message"],
        _violations(value),
        value.get("origin"),
    )


def _header_of(value: dict[str, Any]) -> bytes:
    """The header's bytes: as they are spelled out, or in the shortest form."""
    if "header" in value:
        return bytes.fromhex(value["header"])
    first = _opcode(value["opcode"])
    for name, bit in (("fin", FIN), ("rsv1", RSV1), ("rsv2", RSV2), ("rsv3", RSV3)):
        first |= bit if value[name] else 0
    key = value["masking_key"]
    length = value["payload_length"]
    return encode_header(first, length, None if key is None else bytes.fromhex(key))


def _content(value: dict[str, Any]) -> bytes:
    return str(value["text"]).encode() if "text" in value else _bytes(value, "content")


def _message_record(
    record: FrameRecord, frame: dict[str, Any], value: dict[str, Any]
) -> MessageRecord:
    content = _content(frame)
    return MessageRecord(
        record.connection_id,
        record.direction,
        int(record.message or 0),
        float(value.get("time", record.time)),
        _opcode(value["opcode"]),
        content,
        int(value["content_length"]),
        int(value["payload_length"]),
        bool(value["compressed"]),
        value.get("opaque"),
        str(value["verdict"]),
        _bytes(value, "sent") if "sent_text" in value or "sent_base64" in value else None,
        value.get("cause"),
        _violations(value),
    )


def _http(value: dict[str, Any]) -> HttpRecord:
    return HttpRecord(
        int(value["id"]),
        float(value["time"]),
        str(value["client"]),
        str(value["method"]),
        str(value["target"]),
        str(value["upstream"]),
        str(value["version"]),
        _headers(value["request_headers"]),
        value["connection"],
        value["status"],
        str(value["reason"]),
        _headers(value["response_headers"]),
        value["answered"],
        value["ended"],
        value["error"],
        int(value["request_length"]),
        int(value["response_length"]),
        *(_body(value, name) for name in ("request", "response")),
    )


def _body(value: dict[str, Any], name: str) -> bytes:
    """As it was; or, in a line of the log, as far as that has it: inflated."""
    for whole in (f"{name}_body", name):
        if f"{whole}_base64" in value or f"{whole}_text" in value:
            return _bytes(value, whole)
    return b""


def fault_of(value: dict[str, Any]) -> FaultRecord:
    """What a line says of a strike of a fault; raises KeyError, ValueError, TypeError."""
    direction = value["direction"]
    return FaultRecord(
        int(value["connection"]),
        None if direction is None else Direction[direction.upper()],
        float(value["time"]),
        str(value["name"]),
        str(value["type"]),
        value["message"],
        str(value["detail"]),
        _bytes(value, "before"),
        _bytes(value, "after"),
    )


def _violations(value: dict[str, Any]) -> tuple[Violation, ...]:
    return tuple(
        Violation(v["rule"], v["section"], v["text"], Side(v["side"]))
        for v in value.get("violations", ())
    )


def _opcode(name: str) -> int:
    opcode = _OPCODES.get(name)
    return int(name, 16) & 0xF if opcode is None else opcode


def _bytes(value: dict[str, Any], name: str) -> bytes:
    text = value.get(f"{name}_text")
    if text is not None:
        return str(text).encode()
    try:
        return base64.b64decode(value[f"{name}_base64"], validate=True)
    except binascii.Error:
        raise ValueError(f"{name}_base64 is not base64") from None
