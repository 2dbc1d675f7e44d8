"""What one message of the stream holds: connections and batches as bytes, and back.

    "wsF1" | length of the head (32 bits) | head (JSON) | the parts whose lengths the head has

A batch's columns, frames and contents go as they lie in the capture: nothing is copied a frame at
a time. What comes from the stream was written by others, so `decode` believes nothing.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from wsproxy.errors import Side
from wsproxy.fleet.interfaces import Place, Placed
from wsproxy.model.batches import Batch
from wsproxy.model.blocks import Block, Columns, dump_notes, parse_notes
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import (
    ConnectionRecord,
    Direction,
    End,
    Ending,
    FaultRecord,
    MessageRecord,
)
from wsproxy.protocol.lint import Violation

T = TypeVar("T")

MAGIC = b"wsF1"

_HEAD = struct.Struct("<4sI")

_HTTP = tuple(field.name for field in fields(HttpRecord))

MAX_CONNECTION = (1 << 31) - 1
"""A connection's number has 31 bits in a block's columns."""


def encode(
    connections: Sequence[ConnectionRecord],
    batches: Sequence[Placed],
    notes: Sequence[NoteRecord] = (),
) -> list[bytes]:
    """One value of what happened, in parts; `decode` undoes it, joined."""
    parts: list[bytes] = []
    head = {
        "connections": [_connection(connection) for connection in connections],
        "notes": notes,
        "batches": [_batch(batch, until, parts) for batch, until in batches],
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    return [_HEAD.pack(MAGIC, len(text)), text, *parts]


def decode(data: bytes) -> tuple[list[ConnectionRecord], list[Placed], list[NoteRecord]]:
    """What `encode` was given; raises ValueError for anything that it did not write."""
    try:
        magic, length = _HEAD.unpack_from(data)
        _check(magic)
        reader = _Reader(data, _HEAD.size)
        head = json.loads(reader.take(length))
        connections = [_connection_from(value) for value in head["connections"]]
        batches = [_batch_from(value, reader) for value in head["batches"]]
        notes = [_note_from(value) for value in head["notes"]]
    except ValueError:
        raise
    except (KeyError, TypeError, struct.error, RecursionError, OverflowError) as error:
        raise ValueError(f"it cannot be read: {error!r}") from None
    return connections, batches, notes


def _check(magic: bytes) -> None:
    if magic != MAGIC:
        raise ValueError("it is of another version")


class _Reader:
    """Takes one part after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def take(self, size: int) -> bytes:
        if not 0 <= size <= len(self._data) - self._at:
            raise ValueError("it is cut off")
        self._at += size
        return self._data[self._at - size : self._at]


def _connection(connection: ConnectionRecord) -> dict[str, Any]:
    end = connection.end
    return {
        "id": connection.id,
        "opened": connection.opened,
        "client": connection.client,
        "upstream_url": connection.upstream_url,
        "target": connection.target,
        "request_headers": connection.request_headers,
        "status": connection.status,
        "reason": connection.reason,
        "response_headers": connection.response_headers,
        "subprotocol": connection.subprotocol,
        "extensions": connection.extensions,
        "closed": connection.closed,
        "end": list(end) if end is not None else None,
        "endings": [list(ending) for ending in connection.endings],
        "route": connection.route,
    }


def _connection_from(value: dict[str, Any]) -> ConnectionRecord:
    end = value["end"]
    return ConnectionRecord(
        _number(value["id"], MAX_CONNECTION),
        float(value["opened"]),
        str(value["client"]),
        str(value["upstream_url"]),
        str(value["target"]),
        [(str(name), str(text)) for name, text in value["request_headers"]],
        _optional(value["status"], int),
        str(value["reason"]),
        [(str(name), str(text)) for name, text in value["response_headers"]],
        _optional(value["subprotocol"], str),
        str(value["extensions"]),
        _optional(value["closed"], float),
        End(str(end[0]), _optional(end[1], str), _optional(end[2], int), str(end[3]))
        if end
        else None,
        endings=[
            Ending(float(time), str(what), str(by)) for time, what, by in value.get("endings", [])
        ],
        route=str(value.get("route", "")),
    )


def _batch(batch: Batch, until: Place, parts: list[bytes]) -> dict[str, Any]:
    block = batch.block
    notes = (dump_notes(block.notes) or "").encode()
    columns, stored, contents = block.columns.pack(), block.pieces, block.content_pieces
    sizes = [len(columns), len(notes), sum(map(len, stored)), sum(map(len, contents))]
    mine = [columns, notes, *stored, *contents]
    messages = [_message(message, mine) for message in batch.messages]
    faults = [_fault(fault, mine) for fault in batch.faults]
    http = [_http(record, mine) for record in batch.http]
    parts += mine
    return {
        "until": until,
        "first_id": batch.first_id,
        "count": block.count,
        "sizes": sizes,
        "messages": messages,
        "faults": faults,
        "http": http,
    }


def _batch_from(value: dict[str, Any], reader: _Reader) -> Placed:
    columns_size, notes_size, stored_size, contents_size = value["sizes"]
    columns = Columns.unpack(_number(value["count"], 1 << 31), reader.take(columns_size))
    notes = parse_notes(reader.take(notes_size).decode() or None)
    stored, contents = reader.take(stored_size), reader.take(contents_size)
    if sum(columns.sizes) != stored_size or min(columns.sizes, default=1) < 1:
        raise ValueError("the lengths of its frames are wrong")
    if sum(size - 1 for size in columns.contents if size) != contents_size:
        raise ValueError("the lengths of its contents are wrong")
    if any(not 0 <= index < len(columns.keys) for index in notes):
        raise ValueError("it has notes without a frame")
    block = Block(columns, [stored], [contents] if contents else [], notes)
    messages = [_message_from(one, reader) for one in value["messages"]]
    faults = [_fault_from(one, reader) for one in value["faults"]]
    first_id = _number(value["first_id"], 1 << 62)
    file, offset = value["until"]
    until = _number(file, 1 << 31), _number(offset, 1 << 62)
    http = [_http_from(one, reader) for one in value["http"]]
    batch = Batch(first_id, block, messages, faults, http, weight=len(stored))
    return batch, until


def _message(message: MessageRecord, parts: list[bytes]) -> dict[str, Any]:
    parts += (message.content, message.sent or b"")
    return {
        "connection": message.connection_id,
        "direction": int(message.direction),
        "number": message.number,
        "time": message.time,
        "opcode": message.opcode,
        "content": len(message.content),
        "content_length": message.content_length,
        "payload_length": message.payload_length,
        "compressed": message.compressed,
        "opaque": message.opaque,
        "verdict": message.verdict,
        "sent": len(message.sent) if message.sent is not None else None,
        "cause": message.cause,
        "violations": [[v.rule, v.section, v.text, v.side.value] for v in message.violations],
    }


def _message_from(value: dict[str, Any], reader: _Reader) -> MessageRecord:
    content = reader.take(int(value["content"]))
    sent = reader.take(int(value["sent"])) if value["sent"] is not None else None
    return MessageRecord(
        _number(value["connection"], MAX_CONNECTION),
        Direction(value["direction"]),
        _number(value["number"], 1 << 32),
        float(value["time"]),
        _number(value["opcode"], 15),
        content,
        _number(value["content_length"], 1 << 62),
        _number(value["payload_length"], 1 << 62),
        bool(value["compressed"]),
        _optional(value["opaque"], str),
        str(value["verdict"]),
        sent,
        _optional(value["cause"], str),
        tuple(
            Violation(str(rule), str(section), str(text), Side(side))
            for rule, section, text, side in value["violations"]
        ),
    )


def _fault(fault: FaultRecord, parts: list[bytes]) -> dict[str, Any]:
    parts += (fault.before, fault.after)
    return {
        "connection": fault.connection_id,
        "direction": fault.direction,
        "time": fault.time,
        "name": fault.name,
        "type": fault.type,
        "message": fault.message,
        "detail": fault.detail,
        "before": len(fault.before),
        "after": len(fault.after),
    }


def _fault_from(value: dict[str, Any], reader: _Reader) -> FaultRecord:
    direction = value["direction"]
    return FaultRecord(
        _number(value["connection"], MAX_CONNECTION),
        Direction(direction) if direction is not None else None,
        float(value["time"]),
        str(value["name"]),
        str(value["type"]),
        _optional(value["message"], int),
        str(value["detail"]),
        reader.take(int(value["before"])),
        reader.take(int(value["after"])),
    )


def _http(record: HttpRecord, parts: list[bytes]) -> dict[str, Any]:
    parts += (record.request_body, record.response_body)
    value = {name: getattr(record, name) for name in _HTTP}
    value["request_body"] = len(record.request_body)
    value["response_body"] = len(record.response_body)
    return value


def _http_from(value: dict[str, Any], reader: _Reader) -> HttpRecord:
    bodies = reader.take(int(value["request_body"])), reader.take(int(value["response_body"]))
    record = HttpRecord(
        _number(value["id"], 1 << 62),
        float(value["started"]),
        str(value["client"]),
        str(value["method"]),
        str(value["target"]),
        str(value["upstream_url"]),
        str(value["version"]),
        [(str(name), str(text)) for name, text in value["request_headers"]],
        _optional(value["connection_id"], lambda number: _number(number, MAX_CONNECTION)),
        _optional(value["status"], int),
        str(value["reason"]),
        [(str(name), str(text)) for name, text in value["response_headers"]],
        _optional(value["answered"], float),
        _optional(value["ended"], float),
        _optional(value["error"], str),
        _number(value["request_length"], 1 << 62),
        _number(value["response_length"], 1 << 62),
    )
    record.request_body, record.response_body = bodies
    return record


def _note_from(value: list[Any]) -> NoteRecord:
    connection_id, direction, message, text, marked = value
    return NoteRecord(
        _number(connection_id, MAX_CONNECTION),
        _optional(direction, Direction),
        _optional(message, int),
        str(text),
        bool(marked),
    )


def _number(value: object, most: int) -> int:
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{value!r} is not a possible number here")
    return value


def _optional(value: Any, kind: Callable[[Any], T]) -> T | None:
    return None if value is None else kind(value)
