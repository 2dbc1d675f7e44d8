"""What the index knows of the messages in a block: verdicts, violations, faults."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from wsproxy.faults.registry import strike_mark
from wsproxy.model.blocks import Columns
from wsproxy.model.records import Direction, FaultRecord
from wsproxy.protocol.frames import FIN
from wsproxy.store.notes import Notes
from wsproxy.store.table import MessageMarks


class _Found(NamedTuple):
    messages: dict[tuple[int, int], MessageMarks]
    faults: dict[tuple[int, int], list[str]]


class Marks:
    """Looks marks up for whole blocks."""

    def __init__(self, db: sqlite3.Connection, notes: Notes) -> None:
        self._db = db
        self._notes = notes

    def of_block(self, columns: Columns) -> dict[int, MessageMarks]:
        """By the index of the frame that ends the message; most messages have none."""
        if not self._any():
            return {}
        found = self._find(columns)
        if not found.messages and not found.faults and not self._notes:
            return {}
        marks: dict[int, MessageMarks] = {}
        keyed = zip(columns.keys, columns.numbers, columns.firsts, strict=True)
        for index, (key, number, first) in enumerate(keyed):
            if not number or first < FIN:
                continue
            message = found.messages.get((key, number))
            faults = found.faults.get((key, number))
            note = self._notes.get((key >> 1, Direction(key & 1), number))
            if message is not None or faults is not None or note is not None:
                message = message or MessageMarks()
                marks[index] = message._replace(faults=tuple(faults or ()), note=note)
        return marks

    def of_message(self, connection_id: int, direction: int, number: int) -> tuple[str, ...]:
        """Those of the faults that struck one message."""
        rows = self._db.execute(
            "SELECT type FROM fault WHERE connection_id = ? AND direction = ? AND message = ?",
            (connection_id, direction, number),
        )
        return tuple(_fault_mark(type_) for (type_,) in rows)

    def _any(self) -> bool:
        row = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM message), EXISTS (SELECT 1 FROM fault)"
        ).fetchone()
        return any(row) or bool(self._notes)

    def _find(self, columns: Columns) -> _Found:
        found = _Found({}, {})
        spans: dict[int, tuple[int, int]] = {}
        for key, number in zip(columns.keys, columns.numbers, strict=True):
            if number:
                first, last = spans.get(key, (number, number))
                spans[key] = (min(first, number), max(last, number))
        for key, (first, last) in spans.items():
            span = (key >> 1, key & 1, first, last)
            rows = self._db.execute(
                "SELECT number, verdict, violations IS NOT NULL, content_length != content_size,"
                " opaque IS NOT NULL FROM message"
                " WHERE connection_id = ? AND direction = ? AND number BETWEEN ? AND ?"
                " ORDER BY id",
                span,
            )
            for number, verdict, violations, cut, opaque in rows:
                found.messages[key, number] = MessageMarks(
                    verdict, bool(violations), bool(cut), True, bool(opaque)
                )
            rows = self._db.execute(
                "SELECT message, type FROM fault"
                " WHERE connection_id = ? AND direction = ? AND message BETWEEN ? AND ?",
                span,
            )
            for number, type_ in rows:
                found.faults.setdefault((key, number), []).append(_fault_mark(type_))
        return found


def _fault_mark(type_: str) -> str:
    return strike_mark(FaultRecord(0, None, 0.0, "", type_))
