"""Notes and bookmarks in the index: written one at a time, and all in memory when reading."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from wsproxy.errors import CaptureError
from wsproxy.model.notes import MAX_NOTE, MAX_NOTES, NoteKey, NoteRecord
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.store.database import open_for_writing
from wsproxy.store.lock import Lock

_log = logging.getLogger(__name__)

_OF = "connection_id = ? AND direction IS ? AND message IS ?"


class NoteWriter:
    """Writes notes into an open index; a later note takes the place of an earlier one."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        (self._count,) = db.execute("SELECT count(*) FROM note").fetchone()
        self._full = False

    def write(self, note: NoteRecord) -> None:
        """Keep a note; an empty one stays as the word that there is none any more."""
        removed = self._db.execute(f"DELETE FROM note WHERE {_OF}", note.key).rowcount
        if not removed and self._count >= MAX_NOTES:
            if not self._full:
                self._full = True
                _log.warning("the capture has %d notes: no further ones are kept", MAX_NOTES)
            return
        self._count += 1 - removed
        row = (*note.key, note.text[:MAX_NOTE], note.marked)
        self._db.execute("INSERT INTO note VALUES (NULL, ?, ?, ?, ?, ?)", row)


def keep_note(folder: Path, note: NoteRecord) -> None:
    """Write a note into a capture that is not being recorded.

    Raises CaptureError, also where another process writes the capture.
    """
    lock = Lock(folder)
    try:
        with contextlib.closing(open_for_writing(folder)) as db:
            NoteWriter(db).write(note)
    except sqlite3.Error as error:
        raise CaptureError(f"cannot write the capture {folder}: {str(error).lower()}") from None
    finally:
        lock.release()


class Notes:
    """The notes of a capture, as they are now."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._notes: dict[NoteKey, NoteRecord] = {}
        self._read = 0
        found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'note'").fetchone()
        self.there = found is not None  # captures of earlier versions have none

    def refresh(self) -> None:
        """Read what is new."""
        if not self.there:
            return
        rows = self._db.execute("SELECT * FROM note WHERE id > ? ORDER BY id", (self._read,))
        for row_id, connection_id, direction, message, text, marked in rows:
            self._read = row_id
            way = None if direction is None else Direction(direction)
            note = NoteRecord(connection_id, way, message, text, bool(marked))
            if note.empty:
                self._notes.pop(note.key, None)
            else:
                self._notes[note.key] = note

    def on(self, connection: ConnectionRecord) -> ConnectionRecord:
        """The connection, with the note on it."""
        note = self._notes.get((connection.id, None, None))
        connection.note, connection.marked = (note.text, note.marked) if note else ("", False)
        return connection

    def get(self, key: NoteKey) -> NoteRecord | None:
        """The note on a message or connection."""
        return self._notes.get(key)

    def __len__(self) -> int:
        return len(self._notes)

    def __iter__(self) -> Iterator[NoteRecord]:
        return iter(self._notes.values())
