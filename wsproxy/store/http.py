"""Requests of plain HTTP: to rows of the capture and back."""

from __future__ import annotations

import builtins
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from wsproxy.model.http import HttpRecord
from wsproxy.model.records import ConnectionRecord
from wsproxy.protocol.handshake import header
from wsproxy.store.layout import TornError
from wsproxy.store.wirereader import WireReader

INSERT_HTTP = f"INSERT INTO http VALUES ({', '.join('?' * 21)})"

Row = tuple[Any, ...]

_AT_ONCE = 100


def http_extras(records: Iterable[HttpRecord]) -> list[bytes]:
    """What rows of `http` point to, in the order of `http_rows`: headers and bodies."""
    extras: list[bytes] = []
    for record in records:
        extras += (_headers(record), record.request_body, record.response_body)
    return extras


def http_rows(records: Iterable[HttpRecord], file: int, offset: int) -> Iterator[tuple[Row, int]]:
    """Rows of `http`, each with where its extras end; as `rows.message_rows`."""
    yield (), offset
    for record in records:
        sizes = len(_headers(record)), len(record.request_body), len(record.response_body)
        row = (
            record.id,
            record.connection_id,
            record.started,
            record.answered,
            record.ended,
            record.client,
            record.agent,
            record.method,
            record.target,
            record.upstream_url,
            record.version,
            record.status,
            record.reason,
            record.error,
            record.request_length,
            record.response_length,
            file,
            offset,
            *sizes,
        )
        offset += sum(sizes)
        yield row, offset


class HttpReader:
    """Reads the requests of a capture."""

    def __init__(
        self,
        db: sqlite3.Connection,
        wire: WireReader,
        readable: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """`readable` turns what a damaged index leads to into a CaptureError."""
        self._db = db
        self._readable = readable
        self._wire = wire
        found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'http'").fetchone()
        self._there = found is not None  # captures of earlier versions have none

    def list(
        self,
        after: int = 0,
        limit: int | None = None,
        *,
        newest: bool = False,
        of: ConnectionRecord | None = None,
        keep: int | None = 0,
    ) -> list[HttpRecord]:
        """Requests with a higher id than `after`, in order; or the newest ones.

        `of`: only those of the client that made this connection, which is known by its address and
        its User-Agent header. `keep`: bytes of each body that are read (None: all).
        """
        if not self._there:
            return []
        where, values = "id > ?", [after]
        if of is not None:
            agent = header(of.request_headers, "User-Agent") or ""
            host = of.client.rpartition(":")[0]
            where += " AND agent = ? AND substr(client, 1, ?) = ?"
            values += [agent, len(host) + 1, f"{host}:"]  # type: ignore[list-item]
        found = self._select(
            f"WHERE {where} ORDER BY id {'DESC' if newest else 'ASC'} LIMIT ?",
            (*values, -1 if limit is None else limit),
            keep,
        )
        return found[::-1] if newest else found

    def all(self) -> Iterator[HttpRecord]:
        """All requests, with their bodies, in the order they ended."""
        last = 0
        while found := self.list(last, _AT_ONCE, keep=None):
            yield from found
            last = found[-1].id

    def between(self, file: int, start: int, stop: int) -> Sequence[HttpRecord]:
        """Requests whose headers and bodies lie there in a wire file, with all of both."""
        which = "WHERE file = ? AND offset >= ? AND offset < ? ORDER BY offset"
        return self._select(which, (file, start, stop), None)

    def one(self, number: int) -> HttpRecord | None:
        """One request, with its bodies; None if there is none, or it is damaged."""
        if not self._there:
            return None
        return next(iter(self._select("WHERE id = ?", (number,), None)), None)

    def _select(
        self, which: str, values: Sequence[object], keep: int | None
    ) -> builtins.list[HttpRecord]:
        """The requests of some rows, less those that are damaged."""
        found = []
        with self._readable():
            for row in self._db.execute(f"SELECT * FROM http {which}", values):
                with contextlib.suppress(TornError, ValueError):
                    found.append(self._record(row, keep))
        return found

    def count(self) -> int:
        """How many there are."""
        if not self._there:
            return 0
        with self._readable():
            return int(self._db.execute("SELECT count(*) FROM http").fetchone()[0])

    def _record(self, row: Row, keep: int | None) -> HttpRecord:
        (number, connection_id, started, answered, ended, client, _, method, target) = row[:9]
        (upstream_url, version, status, reason, error, asked, sent) = row[9:16]
        (file, offset, headers_size, request_size, response_size) = row[16:]
        headers = json.loads(self._wire.read(file, offset, headers_size))
        request_headers, response_headers = (
            [(name, value) for name, value in some] for some in headers
        )
        record = HttpRecord(
            number,
            started,
            client,
            method,
            target,
            upstream_url,
            version,
            request_headers,
            connection_id,
            status,
            reason,
            response_headers,
            answered,
            ended,
            error,
            asked,
            sent,
        )
        offset += headers_size
        kept = [size if keep is None else min(size, keep) for size in (request_size, response_size)]
        record.request_body = self._wire.read(file, offset, kept[0])
        record.response_body = self._wire.read(file, offset + request_size, kept[1])
        return record


def _headers(record: HttpRecord) -> bytes:
    return json.dumps([record.request_headers, record.response_headers]).encode()
