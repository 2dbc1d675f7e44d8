"""Records to rows of the capture and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from wsproxy.errors import Side
from wsproxy.model.batches import Batch
from wsproxy.model.records import (
    ConnectionRecord,
    Direction,
    End,
    Ending,
    FaultRecord,
    MessageRecord,
)
from wsproxy.protocol.handshake import Headers
from wsproxy.protocol.lint import Violation
from wsproxy.store.http import http_extras

Row = tuple[Any, ...]


def connection_row(connection: ConnectionRecord) -> Row:
    """A row of `connection`."""
    end = connection.end or End("", None)
    return (
        connection.id,
        connection.opened,
        connection.client,
        connection.upstream_url,
        connection.target,
        json.dumps(connection.request_headers),
        connection.status,
        connection.reason,
        json.dumps(connection.response_headers),
        connection.subprotocol,
        connection.extensions,
        connection.closed,
        end.how or None,
        end.by,
        end.code,
        end.reason,
        connection.instance,
        json.dumps(list(connection.endings)),
        connection.route,
    )


def connection_from(row: Row) -> ConnectionRecord:
    """The connection that a row of `connection` holds."""
    *head, how, by, code, reason = row[:16]
    connection = ConnectionRecord(*head)
    connection.instance = row[16] if len(row) > 16 else ""
    found = json.loads(row[17]) if len(row) > 17 else []
    connection.endings = [Ending(float(time), str(what), str(by)) for time, what, by in found]
    connection.route = row[18] if len(row) > 18 else ""
    connection.request_headers = _headers(row[5])
    connection.response_headers = _headers(row[8])
    connection.end = End(how, by, code, reason) if how else None
    return connection


INSERT_BLOCK = "INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?, ?, ?)"

Read = Callable[[int, int, int], bytes]
"""Reads a part of a wire file: its number, the offset and the size in bytes."""


def traffic_rows(first_id: int, traffic: dict[int, list[int]]) -> list[Row]:
    """Rows of `connection_block` for a block; `traffic` has frames and bytes by key."""
    sums: dict[int, list[int]] = {}
    for key, (frames, size) in traffic.items():
        counted = sums.setdefault(key >> 1, [0, 0, 0, 0])
        counted[key & 1] += frames
        counted[2 + (key & 1)] += size
    return [(connection, first_id, *counted) for connection, counted in sums.items()]


def extras_of(batch: Batch) -> list[bytes]:
    """What rows of messages, faults and requests point to, in the order of `message_rows`,
    `fault_rows`, `http_rows`.
    """
    extras: list[bytes] = []
    for message in batch.messages:
        extras.append(message.content)
        if message.sent is not None:
            extras.append(message.sent)
    for fault in batch.faults:
        extras += (fault.before, fault.after)
    return extras + http_extras(batch.http)


def message_rows(
    messages: Iterable[MessageRecord], file: int, offset: int
) -> Iterator[tuple[Row, int]]:
    """Rows of `message`, less their ids, each with where its extras end.

    The extras begin at `offset` of a wire file. The first item is that place without a row.
    """
    yield (), offset
    for record in messages:
        size = len(record.content)
        sent = len(record.sent) if record.sent is not None else None
        row = (
            record.connection_id,
            record.direction,
            record.number,
            record.time,
            record.opcode,
            record.content_length,
            record.payload_length,
            record.compressed,
            record.opaque,
            record.verdict,
            record.cause,
            _dump(record.violations) if record.violations else None,
            file,
            offset,
            size,
            sent,
        )
        offset += size + (sent or 0)
        yield row, offset


def message_from(row: Row, read: Read, keep: int | None = None) -> MessageRecord:
    """The message that a row of `message` holds, with at most `keep` bytes of its contents.

    Raises TornError.
    """
    (_, connection_id, direction, number, time, opcode, content_length, payload_length) = row[:8]
    (compressed, opaque, verdict, cause, violations, file, offset, size, sent_size) = row[8:]
    content = read(file, offset, size if keep is None else min(size, keep))
    sent = None
    if sent_size is not None:
        sent = read(file, offset + size, sent_size if keep is None else min(sent_size, keep))
    return MessageRecord(
        connection_id,
        Direction(direction),
        number,
        time,
        opcode,
        content,
        content_length,
        payload_length,
        bool(compressed),
        opaque,
        verdict,
        sent,
        cause,
        _load(violations),
    )


def fault_rows(faults: Iterable[FaultRecord], file: int, offset: int) -> Iterator[tuple[Row, int]]:
    """Rows of `fault`, less their ids; as `message_rows`."""
    yield (), offset
    for record in faults:
        before, after = len(record.before), len(record.after)
        row = (
            record.connection_id,
            record.direction,
            record.time,
            record.name,
            record.type,
            record.message,
            record.detail,
            file,
            offset,
            before,
            after,
        )
        offset += before + after
        yield row, offset


def fault_from(row: Row, read: Read) -> FaultRecord:
    """What a row of `fault` holds; raises TornError."""
    (_, connection_id, direction, time, name, type_, message, detail) = row[:8]
    (file, offset, before, after) = row[8:]
    return FaultRecord(
        connection_id,
        Direction(direction) if direction is not None else None,
        time,
        name,
        type_,
        message,
        detail,
        read(file, offset, before),
        read(file, offset + before, after),
    )


def _headers(text: str) -> Headers:
    return [(name, value) for name, value in json.loads(text)]


def _dump(violations: tuple[Violation, ...]) -> str:
    return json.dumps([[v.rule, v.section, v.text, v.side.value] for v in violations])


def _load(text: str | None) -> tuple[Violation, ...]:
    if text is None:
        return ()
    return tuple(Violation(r, s, t, Side(f)) for r, s, t, f in json.loads(text))
