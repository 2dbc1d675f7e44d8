"""What a power cut or a kill left: torn ends are cut off, whole blocks without a row get one."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from wsproxy.store.folder import open_file, wire_name, wire_numbers
from wsproxy.store.layout import (
    HEADER_SIZE,
    Head,
    TornError,
    body_checksum,
    decode_head,
    decode_sizes,
)
from wsproxy.store.rows import INSERT_BLOCK
from wsproxy.store.wirereader import WireReader

CHECKED = 16
"""Blocks at the end of the index whose bytes are checked."""


def recover(db: sqlite3.Connection, folder: Path) -> None:
    """Make index and wire files agree. Raises OSError, sqlite3.Error."""
    reader = WireReader(folder)
    try:
        with db:
            _drop_torn(db, reader)
            for number in wire_numbers(folder)[-2:]:
                _add_unknown(db, reader, folder, number)
    finally:
        reader.close()


def read_block(reader: WireReader, file: int, offset: int, length: int | None = None) -> Head:
    """The head of a block whose bytes are all as they were written; raises TornError."""
    _, sizes, _ = decode_sizes(reader.read(file, offset, HEADER_SIZE))
    if length is not None and sizes.length != length:
        raise TornError("the block is another one")
    head = decode_head(reader.read(file, offset, sizes.head))
    body = reader.read(file, offset + sizes.head, sizes.body)
    if body_checksum([body], sizes.body) != head.checksum:
        raise TornError("the block is damaged")
    return head


def _drop_torn(db: sqlite3.Connection, reader: WireReader) -> None:
    rows = db.execute(
        "SELECT first_id, count, file, offset, length FROM block ORDER BY first_id DESC LIMIT ?",
        (CHECKED,),
    ).fetchall()
    for first_id, count, file, offset, length in rows:
        try:
            read_block(reader, file, offset, length)
        except TornError:
            db.execute("DELETE FROM block WHERE first_id = ?", (first_id,))
            db.execute("DELETE FROM connection_block WHERE first_id = ?", (first_id,))
            db.execute(
                "INSERT INTO left_out VALUES ('torn', ?, ?) ON CONFLICT (why) DO UPDATE"
                " SET frames = frames + excluded.frames, bytes = bytes + excluded.bytes",
                (count, length),
            )


def _add_unknown(db: sqlite3.Connection, reader: WireReader, folder: Path, number: int) -> None:
    """Give the blocks behind the last known one of a file their rows, and cut off the rest."""
    (end,) = db.execute(
        "SELECT coalesce(max(offset + length), 0) FROM block WHERE file = ?", (number,)
    ).fetchone()
    while True:
        try:
            head = read_block(reader, number, end)
        except TornError:
            break
        length = head.sizes.length
        if head.sizes.frames:
            row = (head.first_id, head.sizes.frames, max(head.columns.times), number, end, length)
            db.execute(INSERT_BLOCK, row)
            traffic: dict[int, list[int]] = {}
            for key, size in zip(head.columns.keys, head.columns.sizes, strict=True):
                counted = traffic.setdefault(key >> 1, [0, 0, 0, 0])
                counted[key & 1] += 1
                counted[2 + (key & 1)] += size
            db.executemany(
                "INSERT OR REPLACE INTO connection_block VALUES (?, ?, ?, ?, ?, ?)",
                [(connection, head.first_id, *sums) for connection, sums in traffic.items()],
            )
        end += length
    descriptor = open_file(folder / wire_name(number), os.O_RDWR)
    try:
        os.ftruncate(descriptor, end)
    finally:
        os.close(descriptor)
