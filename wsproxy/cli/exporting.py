"""`wsproxy export --follow`: what passes is written while the proxy records it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from wsproxy.cli.following import AT_ONCE, Following, News
from wsproxy.formats.interfaces import StreamWriter, Told
from wsproxy.formats.selection import Selection
from wsproxy.model.http import HttpRecord
from wsproxy.model.records import ConnectionRecord, FaultRecord
from wsproxy.render.order import in_order, time_of
from wsproxy.store.lock import is_written
from wsproxy.store.reader import Capture


def follow(path: Path, writer: StreamWriter, out: BinaryIO, selection: Selection) -> None:
    """Write what is there and what comes, until nobody records the capture any more, or Ctrl-C."""
    capture = Capture(path)
    try:
        stream = _Stream(capture, selection)
        with contextlib.suppress(KeyboardInterrupt):  # the usual end: what there is, is whole
            _write(stream, writer, out, path)
        writer.finish()
    finally:
        capture.close()


def _write(stream: _Stream, writer: StreamWriter, out: BinaryIO, path: Path) -> None:
    while True:
        last = not is_written(path)  # asked before: so what comes now is all there is
        news = stream.next()
        for thing in stream.told(news):
            writer.add(thing)
        out.flush()
        if len(news.frames) == AT_ONCE:
            continue
        if last:
            return
        time.sleep(Following.PAUSE)


class _Stream:
    """What a selection takes, in order, each connection before what passed on it."""

    def __init__(self, capture: Capture, selection: Selection) -> None:
        self._selection = selection
        self._connections: dict[int, ConnectionRecord] = {}
        number = selection.connection_id
        self._following = Following(capture, number, self._connections, 0, everything=True)
        self._later: list[FaultRecord | HttpRecord] = []
        self._opened: list[ConnectionRecord] = []
        self._ended: list[ConnectionRecord] = []
        self._told: set[int] = set()

    def next(self) -> News:
        return self._following.news()

    def told(self, news: News) -> Iterator[Told]:
        quiet = self._selection.filtered
        self._ended += news.ended
        self._opened += news.opened
        beside = sorted([*self._later, *news.faults, *news.http], key=time_of)
        self._later.clear()
        full = len(news.frames) == AT_ONCE
        if full:  # there is more: faults must not overtake frames
            upto = news.frames[-1].record.time
            self._later += [each for each in beside if time_of(each) > upto]
            beside = beside[: len(beside) - len(self._later)]
        for thing in in_order(news.frames, beside):  # type: ignore[arg-type]
            yield from self._taken(thing)
        if not full:
            opened, self._opened = self._opened, []
            for each in opened:  # those on which nothing passed so far
                if not quiet and each.id not in self._told:
                    yield self._introduce(each)
            ended, self._ended = self._ended, []
            for each in ended:
                if not quiet or each.id in self._told:
                    self._told.add(each.id)
                    yield each

    def _introduce(self, connection: ConnectionRecord) -> ConnectionRecord:
        self._told.add(connection.id)
        return connection

    def _taken(self, thing: Told) -> Iterator[Told]:
        if isinstance(thing, ConnectionRecord):
            return
        if isinstance(thing, HttpRecord):
            if self._selection.takes_http(thing):
                yield thing
            return
        fault = isinstance(thing, FaultRecord)
        number = thing.connection_id if isinstance(thing, FaultRecord) else thing[1].connection_id
        connection = self._connections.get(number) or self._following.connection(number)
        if isinstance(thing, FaultRecord):
            taken = self._selection.takes_fault(thing)
        else:
            taken = self._selection.takes(thing, connection)
        if not taken:
            return
        if number not in self._told and connection is not None:
            yield self._introduce(connection)
        if connection is not None or fault:
            yield thing
