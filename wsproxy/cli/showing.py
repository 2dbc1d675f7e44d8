"""What `wsproxy show` reads of a capture, and the lines that become of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from typing import NamedTuple

import click

from wsproxy.cli.colour import coloured
from wsproxy.cli.following import Following
from wsproxy.cli.selecting import AfterStart
from wsproxy.cli.waits import waits_of
from wsproxy.faults.registry import strike_marks
from wsproxy.filters.language import Filter, FilterError, parse
from wsproxy.filters.subject import subject_of
from wsproxy.log.printer import Jsonl, Pretty
from wsproxy.log.table import Table
from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, FaultRecord
from wsproxy.payloads.http import HttpSayings
from wsproxy.payloads.lines import many
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Sayings, describe
from wsproxy.render.detail import detail_lines
from wsproxy.render.http import http_details, http_object, refusal_line
from wsproxy.render.jsonl import dump
from wsproxy.render.order import in_order
from wsproxy.render.pretty import When, clock, date_and_clock, ending_lines, handshake_lines, since
from wsproxy.render.table import CONNECTION_HEAD, aligned, connection_cells
from wsproxy.store.reader import Capture, Traffic

DETAIL = 4096
"""Bytes of a payload that `--frame` shows without `--full`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the options say."""

    connection: int | None
    messages: bool
    filter_: str | None
    since: float | AfterStart | None
    until: float | AfterStart | None
    last: int | None
    follow: bool
    log_format: str | None
    headers: bool
    http: bool
    width: int
    times: str
    rules: list[DecodeRule]

    @property
    def of_connections(self) -> bool:
        """Whether connections are listed, not what passed on them."""
        chosen = self.connection is not None or self.messages or self.filter_ is not None
        timed = self.since is not None or self.until is not None
        return not (chosen or timed or self.follow or self.http) and self.log_format in (
            None,
            "table",
        )


class Opened(NamedTuple):
    """That a connection opened, told as it was then."""

    time: float
    record: ConnectionRecord


class Ended(NamedTuple):
    """How it ended."""

    time: float
    record: ConnectionRecord


Form = Pretty | Jsonl | Table
Thing = Seen | FaultRecord | HttpRecord | Opened | Ended


class Showing:
    """The lines of one call."""

    def __init__(self, capture: Capture, wanted: Wanted) -> None:
        """Raises click.BadParameter for what is wrong with an option."""
        self._capture = capture
        self._wanted = wanted
        self._filter = _parsed(wanted.filter_)
        self._connections = {each.id: each for each in capture.connections()}
        number = wanted.connection
        if number is not None and number not in self._connections:
            known = f"1 to {max(self._connections)}" if self._connections else "none"
            raise click.BadParameter(
                f"no connection {number}; there are {known}", param_hint="--connection"
            )
        self._start = min((each.opened for each in self._connections.values()), default=0.0)
        self._since = self._moment(wanted.since)
        self._until = self._moment(wanted.until)
        self._when = self._clock()
        self._http_sayings = HttpSayings(wanted.rules)
        self._refusals = self._answers_of_refusals()
        self._waited = waits_of(capture, number, self._filter, wanted.rules)
        self._cut = 0
        self._shown = 0
        self._last_id = 0

    def lines(self) -> Iterator[str]:
        """What was asked for."""
        wanted = self._wanted
        if wanted.of_connections:
            yield from self._list()
            return
        lines = self._form()
        things: Iterable[tuple[Thing, str]] = self._told(lines, self._things())
        if wanted.last is not None:
            things = deque(things, maxlen=wanted.last)
        if isinstance(lines, Table):
            yield lines.head()
        yield from self._counted(things)
        if wanted.follow:
            yield from self._followed(lines)

    def frame(self, number: int) -> Iterator[str]:
        """One frame with every bit."""
        sayings = Sayings(self._connections.get, self._wanted.rules)
        for seen in self._capture.seen():
            said = sayings.of(seen.id, seen.record, seen.message)
            if seen.id == number:
                self._shown += 1
                connection = self._connections.get(seen.record.connection_id)
                if self._wanted.log_format == "jsonl":
                    yield Jsonl().frame(seen, said)
                else:
                    most = DETAIL if self._wanted.width else 0
                    yield from detail_lines(seen, connection, said, most=most)
                return
        raise click.BadParameter(f"the capture has no frame {number}", param_hint="--frame")

    def request(self, number: int) -> Iterator[str]:
        """One request of plain HTTP, headers and bodies."""
        record = self._capture.http.one(number)
        if record is None:
            raise click.BadParameter(
                f"no request {number}; --http shows those there are", param_hint="--request"
            )
        self._shown += 1
        said = self._http_sayings.of_one(
            record, lambda after, most: self._capture.http.list(after, most, keep=None)
        )
        if self._wanted.log_format == "jsonl":
            yield dump(http_object(record, said))
        else:
            yield from http_details(record, said, colour=coloured())

    def remarks(self) -> Iterator[str]:
        """What else there is to say, on standard error."""
        requests = self._capture.http.count()
        if not self._connections and not requests:
            yield "the capture is empty"
        elif not self._shown and self._wanted.http:
            yield "there are no requests of plain HTTP"
        elif not self._shown and not self._wanted.of_connections:
            selected = self._wanted.filter_ or self._since or self._until
            yield "no frame matches" if selected else "there are no frames"
        if self._cut:
            yield (
                f"{self._cut:,} frames are recorded in part only (~cut finds them): what was cut"
                " off could not be searched"
            )
        for why, counted in self._capture.left_out().items():
            what = f"{counted.frames:,} frames" if counted.frames else f"{counted.bytes:,} bytes"
            yield f"{what} are not in the capture ({why})"
        if requests and self._wanted.of_connections:
            yield f"{many(requests, 'request')} of plain HTTP (--http shows them)"

    def _list(self) -> Iterator[str]:
        traffic = self._capture.traffic()
        none = Traffic([0, 0], [0, 0])
        records = list(self._connections.values())[-(self._wanted.last or 0) :]
        self._shown = len(records)
        if not records:
            return
        rows: list[list[str]] = [list(CONNECTION_HEAD)]
        for each in records:
            frames, sizes = traffic.get(each.id, none)
            rows.append(connection_cells(each, frames, sizes, self._when))
        head, *lines = aligned(rows)
        yield head
        for each, line in zip(records, lines, strict=True):
            yield line
            if self._wanted.headers:
                yield from handshake_lines(each)
                yield from ending_lines(each, self._when)
            yield from self._refusal(each)

    def _followed(self, lines: Form) -> Iterator[str]:
        number = self._wanted.connection
        following = Following(self._capture, number, self._connections, self._last_id)
        try:
            while True:
                yield from self._counted(self._told(lines, _merged(*following.news())))
                time.sleep(following.PAUSE)
        finally:
            following.close()

    def _form(self) -> Form:
        wanted = self._wanted
        if wanted.log_format == "jsonl":
            return Jsonl(wanted.rules)
        if wanted.log_format == "table":
            return Table(width=wanted.width, rules=wanted.rules, when=self._when)
        return Pretty(colour=coloured(), width=wanted.width, rules=wanted.rules, when=self._when)

    def _things(self) -> Iterator[Thing]:
        number = self._wanted.connection
        if self._wanted.http:
            yield from self._capture.http.all()
            return
        known = [each for each in self._connections.values() if number in (None, each.id)]
        ended = [each for each in known if each.end is not None]
        http = (
            each
            for each in (() if self._wanted.filter_ is not None else self._capture.http.all())
            if number in (None, each.connection_id)
        )
        yield from _merged(
            self._capture.seen(number), self._capture.fault_records(number), http, known, ended
        )

    def _told(self, lines: Form, things: Iterable[Thing]) -> Iterator[tuple[Thing, str]]:
        """What is wanted of it, each with its line."""
        quiet = self._wanted.filter_ is not None  # a filter asks for frames or messages only
        introduced: set[int] = set()
        for thing in things:
            if isinstance(thing, Opened):
                lines.meet(thing.record)
                if not quiet and self._in_time(thing.time):
                    introduced.add(thing.record.id)
                    yield from ((thing, line) for line in self._opening(lines, thing.record))
            elif isinstance(thing, Ended):
                if not quiet and self._in_time(thing.time):
                    told = lines.connection(thing.record)[-1:]
                    if not isinstance(lines, Jsonl):
                        told += self._refusal(thing.record)
                        if self._wanted.headers:
                            told += ending_lines(thing.record, self._when)
                    yield from ((thing, line) for line in told)
                lines.forget(thing.record.id)
            elif isinstance(thing, HttpRecord):
                if not quiet and self._in_time(_time(thing)):
                    yield thing, lines.http(thing)
            elif isinstance(thing, FaultRecord):
                if not quiet and self._in_time(thing.time):
                    yield thing, lines.fault(thing)
            else:
                line = self._line(lines, thing)
                if line is None:
                    continue
                number = thing.record.connection_id
                known = self._connections.get(number)
                if self._wanted.headers and number not in introduced and known is not None:
                    introduced.add(number)
                    yield from ((thing, line) for line in self._opening(lines, known))
                yield thing, line

    def _opening(self, lines: Form, connection: ConnectionRecord) -> Iterator[str]:
        unended = replace(connection, closed=None, end=None)
        relayed = connection.status == 101
        if relayed:
            yield from lines.connection(unended)
        if self._wanted.headers and not isinstance(lines, Jsonl):
            yield from handshake_lines(connection)

    def _answers_of_refusals(self) -> dict[int, HttpRecord]:
        """What was answered to handshakes that were refused, by connection."""
        refused = {each.id for each in self._connections.values() if _was_refused(each)}
        found = self._capture.http.all() if refused else ()
        return {each.connection_id: each for each in found if each.connection_id in refused}

    def _refusal(self, connection: ConnectionRecord) -> list[str]:
        record = self._refusals.get(connection.id)
        if record is None:
            return []
        return refusal_line(record, self._http_sayings.of(record), width=self._wanted.width)

    def _line(self, lines: Form, seen: Seen) -> str | None:
        record, message = seen.record, seen.message
        self._last_id = max(self._last_id, seen.id)
        said = lines.sayings.of(seen.id, record, message)
        if self._wanted.messages and (record.message is None or not record.frame.fin):
            return None
        if not self._in_time(record.time):
            return None
        if self._filter.source:
            connection = self._connections.get(record.connection_id)
            subject = subject_of(record, message, connection, strike_marks(seen.faults), seen.note)
            subject.waited = self._waited.get(seen.id)
            packets = said.packets if said is not None else ()
            if not self._filter.matches(describe(subject, packets)):
                self._cut += self._filter.reads_payloads and "cut" in subject.marks
                return None
        return (lines.message if self._wanted.messages else lines.frame)(seen, said)

    def _counted(self, things: Iterable[tuple[Thing, str]]) -> Iterator[str]:
        for thing, line in things:
            self._shown += isinstance(thing, Seen | HttpRecord)
            yield line

    def _moment(self, given: float | AfterStart | None) -> float | None:
        return self._start + given.seconds if isinstance(given, AfterStart) else given

    def _in_time(self, moment: float) -> bool:
        return (self._since is None or moment >= self._since) and (
            self._until is None or moment <= self._until
        )

    def _clock(self) -> When:
        """With dates, where the capture spans days."""
        if self._wanted.times == "relative":
            return since(self._start)
        if not self._connections:
            return clock
        ends = [each.closed or each.opened for each in self._connections.values()]
        days = [
            datetime.fromtimestamp(each).date()
            for each in (self._start, max([*ends, self._capture.last_time() or self._start]))
        ]
        return clock if days[0] == days[1] else date_and_clock


def _merged(
    frames: Iterable[Seen],
    faults: Iterable[FaultRecord],
    http: Iterable[HttpRecord],
    opened: Iterable[ConnectionRecord],
    ended: Iterable[ConnectionRecord],
) -> Iterator[Thing]:
    """All of it by time."""
    begun = sorted((Opened(each.opened, each) for each in opened), key=_time)
    over = sorted((Ended(each.closed or each.opened, each) for each in ended), key=_time)
    return merge(begun, in_order(frames, faults, http), over, key=_time)


def _was_refused(connection: ConnectionRecord) -> bool:
    return connection.end is not None and connection.end.how in ("refused", "failed")


def _time(thing: Thing) -> float:
    if isinstance(thing, HttpRecord):
        return thing.ended or thing.started
    return thing.record.time if isinstance(thing, Seen) else thing.time


def _parsed(source: str | None) -> Filter:
    try:
        return parse(source or "")
    except FilterError as error:
        raise click.BadParameter(str(error), param_hint="--filter") from None
