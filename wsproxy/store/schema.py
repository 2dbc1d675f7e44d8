"""The tables of a capture's index. docs/capture.md explains them to those who query it."""

from __future__ import annotations

APPLICATION_ID = 0x77737078  # "wspx", so that `file` and wsproxy know a capture from any SQLite
VERSION = 2

LATER_COLUMNS = {
    "instance": "TEXT NOT NULL DEFAULT ''",
    "endings": "TEXT NOT NULL DEFAULT '[]'",
    "route": "TEXT NOT NULL DEFAULT ''",
}
"""Columns of `connection` that older captures lack, in this order; they get them when they are
continued."""

SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};

CREATE TABLE connection (
    id INTEGER PRIMARY KEY,
    opened REAL NOT NULL,
    client TEXT NOT NULL,
    upstream_url TEXT NOT NULL,
    target TEXT NOT NULL,
    request_headers TEXT NOT NULL,
    status INTEGER,
    reason TEXT NOT NULL,
    response_headers TEXT NOT NULL,
    subprotocol TEXT,
    extensions TEXT NOT NULL,
    closed REAL,
    end_how TEXT,
    end_by TEXT,
    end_code INTEGER,
    end_reason TEXT,
    {", ".join(f"{name} {declaration}" for name, declaration in LATER_COLUMNS.items())}
);

CREATE TABLE block (
    first_id INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    last_time REAL NOT NULL,
    file INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL
);

CREATE INDEX block_of_file ON block (file);

CREATE TABLE connection_block (
    connection_id INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    frames_up INTEGER NOT NULL,
    frames_down INTEGER NOT NULL,
    bytes_up INTEGER NOT NULL,
    bytes_down INTEGER NOT NULL,
    PRIMARY KEY (connection_id, first_id)
) WITHOUT ROWID;

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    connection_id INTEGER NOT NULL,
    direction INTEGER NOT NULL,
    number INTEGER NOT NULL,
    time REAL NOT NULL,
    opcode INTEGER NOT NULL,
    content_length INTEGER NOT NULL,
    payload_length INTEGER NOT NULL,
    compressed INTEGER NOT NULL,
    opaque TEXT,
    verdict TEXT NOT NULL,
    cause TEXT,
    violations TEXT,
    file INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    content_size INTEGER NOT NULL,
    sent_size INTEGER
);

CREATE INDEX message_by_number ON message (connection_id, direction, number);
CREATE INDEX message_of_file ON message (file);

CREATE TABLE fault (
    id INTEGER PRIMARY KEY,
    connection_id INTEGER NOT NULL,
    direction INTEGER,
    time REAL NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    message INTEGER,
    detail TEXT NOT NULL,
    file INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    before_size INTEGER NOT NULL,
    after_size INTEGER NOT NULL
);

CREATE INDEX fault_by_message ON fault (connection_id, direction, message);
CREATE INDEX fault_of_file ON fault (file);

CREATE TABLE left_out (
    why TEXT PRIMARY KEY,
    frames INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) WITHOUT ROWID;
"""

LATER = """
CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL,
    direction INTEGER,
    message INTEGER,
    text TEXT NOT NULL,
    marked INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS note_of ON note (connection_id, direction, message);

CREATE TABLE IF NOT EXISTS http (
    id INTEGER PRIMARY KEY,
    connection_id INTEGER,
    started REAL NOT NULL,
    answered REAL,
    ended REAL,
    client TEXT NOT NULL,
    agent TEXT NOT NULL,
    method TEXT NOT NULL,
    target TEXT NOT NULL,
    upstream_url TEXT NOT NULL,
    version TEXT NOT NULL,
    status INTEGER,
    reason TEXT NOT NULL,
    error TEXT,
    request_length INTEGER NOT NULL,
    response_length INTEGER NOT NULL,
    file INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    headers_size INTEGER NOT NULL,
    request_size INTEGER NOT NULL,
    response_size INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS http_of_file ON http (file);
"""
"""Made where it is missing: captures of earlier versions lack it."""
