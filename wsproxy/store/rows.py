"""Records to rows of the capture and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from wsproxy.errors import Side
from wsproxy.model.blocks import Block, Columns, dump_notes, parse_notes
from wsproxy.model.records import ConnectionRecord, Direction, End, FaultRecord, MessageRecord
from wsproxy.protocol.handshake import Headers
from wsproxy.protocol.lint import Violation

Row = tuple[Any, ...]

SECRET_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})
MASKED = "***"


def without_secrets(headers: Headers) -> Headers:
    """`headers` with the values of SECRET_HEADERS masked."""
    return [(name, MASKED if name.lower() in SECRET_HEADERS else value) for name, value in headers]


def connection_row(connection: ConnectionRecord, *, secrets: bool) -> Row:
    """A row of `connection`; without `secrets` the headers lose theirs."""
    hide = (lambda headers: headers) if secrets else without_secrets
    end = connection.end or End("", None)
    return (
        connection.id,
        connection.opened,
        connection.client,
        connection.upstream_url,
        connection.target,
        json.dumps(hide(connection.request_headers)),
        connection.status,
        connection.reason,
        json.dumps(hide(connection.response_headers)),
        connection.subprotocol,
        connection.extensions,
        connection.closed,
        end.how or None,
        end.by,
        end.code,
        end.reason,
    )


def connection_from(row: Row) -> ConnectionRecord:
    """The connection that a row of `connection` holds."""
    *head, how, by, code, reason = row
    connection = ConnectionRecord(*head)
    connection.request_headers = _headers(row[5])
    connection.response_headers = _headers(row[8])
    connection.end = End(how, by, code, reason) if how else None
    return connection


def block_row(first_id: int, block: Block) -> Row:
    """A row of `block`."""
    columns = block.columns
    notes = dump_notes(block.notes)
    last_time = max(columns.times)
    return (first_id, block.count, last_time, columns.pack(), block.stored, block.contents, notes)


def block_from(row: Row) -> tuple[int, Block]:
    """The id of the first frame, and the block, that a row of `block` holds."""
    first_id, count, _, entries, wire, contents, notes = row
    columns = Columns.unpack(count, entries)
    return first_id, Block(columns, [wire], [contents], parse_notes(notes))


def message_row(record: MessageRecord) -> Row:
    """A row of `message`, less its id."""
    return (
        record.connection_id,
        record.direction,
        record.number,
        record.time,
        record.opcode,
        record.content,
        record.content_length,
        record.payload_length,
        record.compressed,
        record.opaque,
        record.verdict,
        record.sent,
        record.cause,
        _dump(record.violations) if record.violations else None,
    )


def message_from(row: Row) -> MessageRecord:
    """The message that a row of `message` holds, its id aside."""
    _, connection_id, direction, *middle, violations = row
    record = MessageRecord(connection_id, Direction(direction), *middle)
    return replace(record, compressed=bool(record.compressed), violations=_load(violations))


def fault_row(record: FaultRecord) -> Row:
    """A row of `fault`, less its id."""
    return (
        record.connection_id,
        record.direction,
        record.time,
        record.name,
        record.type,
        record.message,
        record.detail,
        record.before,
        record.after,
    )


def fault_from(row: Row) -> FaultRecord:
    """What a row of `fault` holds, its id aside."""
    _, connection_id, direction, *rest = row
    return FaultRecord(
        connection_id, Direction(direction) if direction is not None else None, *rest
    )


def _headers(text: str) -> Headers:
    return [(name, value) for name, value in json.loads(text)]


def _dump(violations: tuple[Violation, ...]) -> str:
    return json.dumps([[v.rule, v.section, v.text, v.side.value] for v in violations])


def _load(text: str | None) -> tuple[Violation, ...]:
    if text is None:
        return ()
    return tuple(Violation(r, s, t, Side(f)) for r, s, t, f in json.loads(text))
