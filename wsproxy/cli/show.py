"""`wsproxy show`: a capture as text."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click

from wsproxy.cli.captures import any_capture
from wsproxy.cli.decoding import decode_options, flat
from wsproxy.faults.registry import strike_marks
from wsproxy.filters.language import Filter, FilterError, parse
from wsproxy.filters.subject import subject_of
from wsproxy.model.http import HttpRecord
from wsproxy.model.records import FaultRecord
from wsproxy.payloads.http import HttpSayings
from wsproxy.payloads.lines import many
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Sayings, describe
from wsproxy.payloads.waits import Waits
from wsproxy.render.http import http_details, http_line
from wsproxy.render.order import in_order
from wsproxy.render.pretty import clock, ended, fault_line, frame_line, message_line
from wsproxy.render.text import printable
from wsproxy.store.reader import Capture, Traffic

EPILOG = """\b
Examples:
  wsproxy show api.wsproxy
  wsproxy show api.wsproxy --connection 3 --messages
  wsproxy show api.wsproxy --filter '~down & ~b "error"'
  wsproxy show api.wsproxy --filter ~violation
  wsproxy show api.wsproxy --http
"""


@click.command("show", epilog=EPILOG)
@click.argument("capture", type=click.Path(path_type=Path))
@click.option("--connection", type=int, metavar="N", help="Show the frames of connection N.")
@click.option("--messages", is_flag=True, help="Show messages instead of frames.")
@click.option(
    "--filter",
    "filter_",
    metavar="FILTER",
    help="Show only what FILTER lets through, of all connections or of N.",
)
@click.option("--http", is_flag=True, help="Show the requests of plain HTTP.")
@click.option(
    "--request", type=int, metavar="N", help="Show request N of plain HTTP, headers and bodies."
)
@decode_options
def command(
    capture: Path,
    connection: int | None,
    messages: bool,
    filter_: str | None,
    http: bool,
    request: int | None,
    decode: tuple[list[DecodeRule], ...],
    log_width: int,
) -> None:
    """Show what CAPTURE holds: its connections, or with an option their frames or messages, or
    the requests of plain HTTP.

    A capture can be shown while the proxy still writes it.
    """
    with any_capture(capture) as path:
        opened = Capture(path)
        try:
            if http or request is not None:
                _requests(opened, request, HttpSayings(flat(decode)), log_width)
            elif connection is None and not messages and filter_ is None:
                _connections(opened)
            else:
                wanted = _Wanted(connection, messages, filter_, flat(decode), log_width)
                _frames(opened, wanted)
            for why, counted in opened.left_out().items():
                what = (
                    f"{counted.frames:,} frames" if counted.frames else f"{counted.bytes:,} bytes"
                )
                click.echo(f"{what} are not in the capture ({why})", err=True)
        finally:
            opened.close()


def _connections(capture: Capture) -> None:
    traffic = capture.traffic()
    none = Traffic([0, 0], [0, 0])
    for connection in capture.connections():
        frames, sizes = traffic.get(connection.id, none)
        parts = [
            f"#{connection.id}",
            clock(connection.opened),
            connection.client,
            printable(connection.target),
            *([f"protocol={connection.subprotocol}"] if connection.subprotocol else []),
            f"-> {frames[0]:,} frames, {sizes[0]:,} bytes",
            f"<- {frames[1]:,} frames, {sizes[1]:,} bytes",
            ended(connection),
        ]
        click.echo("  ".join(parts))

    if count := capture.http.count():
        click.echo(f"{many(count, 'request')} of plain HTTP (--http shows them)", err=True)


def _requests(capture: Capture, number: int | None, sayings: HttpSayings, width: int) -> None:
    colour = sys.stdout.isatty()
    if number is None:
        for record in capture.http.all():
            click.echo(http_line(record, sayings.of(record), colour=colour, width=width))
        return
    found = capture.http.one(number)
    if found is None:
        raise click.BadParameter(
            f"no request {number}; --http shows those there are", param_hint="--request"
        )
    for line in http_details(found, sayings.of(found), colour=colour):
        click.echo(line)


class _Wanted(NamedTuple):
    connection: int | None
    messages: bool
    filter: str | None
    rules: list[DecodeRule]
    width: int


def _frames(capture: Capture, wanted: _Wanted) -> None:
    connection_id = wanted.connection
    try:
        filter_ = parse(wanted.filter or "")
    except FilterError as error:
        raise click.BadParameter(str(error), param_hint="--filter") from None
    connections = {connection.id: connection for connection in capture.connections()}
    if connection_id is not None and connection_id not in connections:
        known = f"1 to {max(connections)}" if connections else "none"
        raise click.BadParameter(
            f"no connection {connection_id}; there are {known}", param_hint="--connection"
        )
    colour = sys.stdout.isatty()
    sayings = Sayings(connections.get, wanted.rules)
    # A filter asks for frames or messages, and faults and requests are neither.
    faults = capture.fault_records(connection_id) if wanted.filter is None else []
    http = capture.http.all() if wanted.filter is None and connection_id is None else ()
    http_sayings = HttpSayings(wanted.rules)
    waited = _waits(capture, connection_id, filter_, wanted.rules)
    cut = 0
    for told in in_order(capture.seen(connection_id), faults, http):
        if isinstance(told, HttpRecord):
            line_ = http_line(told, http_sayings.of(told), colour=colour, width=wanted.width)
            click.echo(line_)
            continue
        if isinstance(told, FaultRecord):
            click.echo(fault_line(told, colour=colour))
            continue
        record, message = told.record, told.message
        said = sayings.of(told.id, record, message)
        if wanted.messages and (record.message is None or not record.frame.fin):
            continue
        subject = subject_of(
            record,
            message,
            connections.get(record.connection_id),
            strike_marks(told.faults),
            told.note,
        )
        subject.waited = waited.get(told.id)
        if not filter_.matches(describe(subject, said.packets if said is not None else ())):
            cut += filter_.reads_payloads and "cut" in subject.marks
            continue
        line = message_line if wanted.messages else frame_line
        click.echo(line(record, message, colour=colour, said=said, width=wanted.width))
    if cut:
        click.echo(
            f"{cut:,} frames are recorded in part only (~cut finds them): what was cut off"
            " could not be searched",
            err=True,
        )


def _waits(
    capture: Capture, connection_id: int | None, filter_: Filter, rules: list[DecodeRule]
) -> dict[int, float]:
    """How long requests waited, by the ids of their frames: a look through the capture before."""
    patience = filter_.patience
    if not patience:
        return {}
    connections = {connection.id: connection for connection in capture.connections()}
    sayings = Sayings(connections.get, rules)
    waits = Waits()
    found: dict[int, float] = {}
    now = 0.0

    def settle(ended: Callable[[int], bool]) -> None:
        settled = waits.settle(now, max(patience), ended)
        found.update((number, waited) for number, _, waited in settled if waited >= min(patience))

    for number, seen in enumerate(capture.seen(connection_id)):
        now = max(now, seen.record.time)
        said = sayings.of(seen.id, seen.record, seen.message)
        waits.add(seen.id, seen.record.connection_id, said)
        if number % 1000 == 0:
            settle(lambda _: False)
    # What is recorded is all there is: nothing answers any more, unless the capture goes on.
    settle(lambda number: connections[number].end is not None)
    return found
