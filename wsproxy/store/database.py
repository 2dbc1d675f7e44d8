"""Opening the index of a capture."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from wsproxy.errors import CaptureError
from wsproxy.store.folder import INDEX, open_file, why
from wsproxy.store.schema import APPLICATION_ID, LATER, LATER_COLUMNS, SCHEMA, VERSION

CHECKPOINT_PAGES = 256
"""Pages of 4 KiB after which SQLite's log goes into the index: it stays about that large."""


def open_for_writing(folder: Path) -> sqlite3.Connection:
    """Open the index in a capture's folder, or make it. Raises CaptureError."""
    path = folder / INDEX
    try:
        # Made by hand first: SQLite gives a new file, and the -wal beside it, this one's mode.
        os.close(open_file(path, os.O_RDWR))
        db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            if path.stat().st_size == 0:
                db.executescript(f"BEGIN; {SCHEMA} COMMIT;")
            check_is_capture(db, folder)
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(LATER)
            known = {name for _, name, *_ in db.execute("PRAGMA table_info(connection)")}
            for column, declaration in LATER_COLUMNS.items():
                if column not in known:  # an older capture that is continued
                    db.execute(f"ALTER TABLE connection ADD COLUMN {column} {declaration}")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            db.execute(f"PRAGMA journal_size_limit = {CHECKPOINT_PAGES * 4096}")
            db.execute("PRAGMA cache_size = -8192")
        except BaseException:
            db.close()
            raise
    except OSError as error:
        raise CaptureError(f"cannot write the capture {folder}: {why(error)}") from None
    except (sqlite3.Error, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0].lower()  # SQLite may quote a damaged table
        raise CaptureError(f"cannot write the capture {folder}: {reason}") from None
    return db


def open_for_reading(folder: Path) -> sqlite3.Connection:
    """Open the index of a capture that may be under way. Raises CaptureError."""
    if not folder.exists():
        raise CaptureError(f"there is no capture {folder}")
    path = folder / INDEX
    if not folder.is_dir() or not path.is_file():
        raise CaptureError(f"{folder} is not a capture of wsproxy")
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise CaptureError(f"cannot read the capture {folder}: {error}") from None
    try:
        check_is_capture(db, folder)
    except CaptureError:
        db.close()
        raise
    return db


def check_is_capture(db: sqlite3.Connection, folder: Path) -> None:
    """Raises CaptureError if the open file is not an index of this version."""
    try:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        application = version = None
    if application != APPLICATION_ID:
        raise CaptureError(f"{folder} is not a capture of wsproxy")
    if version != VERSION:
        raise CaptureError(f"{folder} is a capture of another version of wsproxy ({version})")
