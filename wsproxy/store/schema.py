"""The tables of a capture. docs/capture.md explains them to those who query the file."""

from __future__ import annotations

APPLICATION_ID = 0x77737078  # "wspx", so that `file` and wsproxy know a capture from any SQLite
VERSION = 1

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
    end_reason TEXT
);

CREATE TABLE block (
    first_id INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    last_time REAL NOT NULL,
    entries BLOB NOT NULL,
    wire BLOB NOT NULL,
    contents BLOB NOT NULL,
    notes TEXT
);

CREATE TABLE connection_block (
    connection_id INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    PRIMARY KEY (connection_id, first_id)
) WITHOUT ROWID;

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    connection_id INTEGER NOT NULL,
    direction INTEGER NOT NULL,
    number INTEGER NOT NULL,
    time REAL NOT NULL,
    opcode INTEGER NOT NULL,
    content BLOB NOT NULL,
    length INTEGER NOT NULL,
    wire_length INTEGER NOT NULL,
    compressed INTEGER NOT NULL,
    opaque TEXT,
    verdict TEXT NOT NULL,
    sent BLOB,
    cause TEXT,
    violations TEXT
);

CREATE INDEX message_of_frame ON message (connection_id, direction, number);

CREATE TABLE fault (
    id INTEGER PRIMARY KEY,
    connection_id INTEGER NOT NULL,
    direction INTEGER,
    time REAL NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    message INTEGER,
    detail TEXT NOT NULL,
    before BLOB NOT NULL,
    after BLOB NOT NULL
);

CREATE INDEX fault_of_message ON fault (connection_id, direction, message);

CREATE TABLE left_out (
    why TEXT PRIMARY KEY,
    frames INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) WITHOUT ROWID;
"""
