"""Records as tables: a row each, in columns that stand under each other."""

from __future__ import annotations

from collections.abc import Sequence

from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, FaultRecord
from wsproxy.payloads.lines import size
from wsproxy.payloads.sayings import Said
from wsproxy.protocol.frames import opcode_name
from wsproxy.render.pretty import When, ended, words_of
from wsproxy.render.text import printable

FRAME_HEAD = ("frame", "time", "conn", "", "opcode", "bits", "length", "")
FRAME_WIDTHS = (-7, 12, 6, 2, 7, 5, -9, 0)
"""Characters of each column; negative ones stand at the right, 0 is the rest of the line."""

CONNECTION_HEAD = ("conn", "opened", "route", "client", "path", "->", "", "<-", "", "ended")


def row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line."""
    padded = [
        cell.rjust(-width) if width < 0 else cell.ljust(width)
        for cell, width in zip(cells, widths, strict=True)
    ]
    return " ".join(padded).rstrip()


def frame_cells(seen: Seen, said: Said | None, when: When, width: int) -> list[str]:
    """A frame, for FRAME_HEAD."""
    record, frame = seen.record, seen.record.frame
    bits = "".join(
        letter if bit else "-"
        for letter, bit in (
            ("F", frame.fin), ("1", frame.rsv1), ("2", frame.rsv2), ("3", frame.rsv3),
            ("M", frame.masked),
        )
    )  # fmt: skip
    return [
        str(seen.id),
        when(record.time),
        f"#{record.connection_id}",
        record.direction.arrow,
        opcode_name(frame.opcode),
        bits,
        f"{frame.payload_length:,}",
        " ".join(words_of(record, seen.message, said, width=width)),
    ]


def fault_cells(record: FaultRecord, when: When) -> list[str]:
    """A strike of a fault, for FRAME_HEAD."""
    arrow = "--" if record.direction is None else record.direction.arrow
    said = printable(f"{record.name}: {record.detail}")
    return ["", when(record.time), f"#{record.connection_id}", arrow, "FAULT", "", "", said]


def http_cells(record: HttpRecord, when: When) -> list[str]:
    """A request of plain HTTP, for FRAME_HEAD."""
    status = "no answer" if record.status is None else f"{record.status} {record.reason}"
    said = printable(f"{record.method} {record.target} {status}".rstrip())
    length = f"{record.response_length:,}"
    return ["", when(record.started), f"HTTP {record.id}", "", "", "", length, said]


def connection_cells(
    connection: ConnectionRecord, frames: Sequence[int], sizes: Sequence[int], when: When
) -> list[str]:
    """A connection with its traffic in both directions, for CONNECTION_HEAD."""
    protocol = f" ({connection.subprotocol})" if connection.subprotocol else ""
    return [
        f"#{connection.id}",
        when(connection.opened),
        connection.route,
        connection.client,
        printable(connection.target + protocol),
        f"{frames[0]:,}",
        size(sizes[0]),
        f"{frames[1]:,}",
        size(sizes[1]),
        ended(connection),
    ]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines whose columns are as wide as they have to be; those without content are left out."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:]) or not column[0]]
    rows = list(zip(*columns, strict=True))
    widths = [max(map(len, column)) for column in columns]
    return [row(cells, [*widths[:-1], 0]) for cells in rows]
