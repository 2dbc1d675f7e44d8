"""`wsproxy export`: a capture in another form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click

from wsproxy.captures.opening import StoredCapture, any_capture, opened
from wsproxy.cli.decoding import decode_option, flat
from wsproxy.cli.exporting import follow as write_following
from wsproxy.cli.progress import progress
from wsproxy.cli.runtime import configure_logging
from wsproxy.cli.selecting import selection_of, selection_options
from wsproxy.formats.output import STDOUT, writing
from wsproxy.formats.registry import EXPORTS, FORMS, Form
from wsproxy.formats.selection import Selection
from wsproxy.model.queries import Seen
from wsproxy.payloads.rules import DecodeRule

EPILOG = """\b
Examples:
  wsproxy export api.wsproxy --format zip -o ticket.zip
  wsproxy export api.wsproxy --format jsonl -o - | jq .text
  wsproxy export today.wsproxy --format pcapng --follow -o - | wireshark -k -i -
  wsproxy export api.wsproxy --format jsonl --filter '~down & ~b "error"' -o errors.jsonl
"""


@click.command("export", epilog=EPILOG)
@click.argument("capture", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(EXPORTS), required=True)
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, allow_dash=True),
    required=True,
    help="Where to; - is standard output.",
)
@click.option(
    "--follow", is_flag=True, help="Go on while the proxy records, until it ends or Ctrl-C."
)
@selection_options
@decode_option
def command(
    capture: Path,
    form: str,
    output: Path,
    follow: bool,
    connection: int | None,
    filter_: str | None,
    since: float | None,
    until: float | None,
    decode: tuple[list[DecodeRule], ...],
) -> None:
    """Write CAPTURE, or a part of it, in another form (docs/export.md)."""
    configure_logging()
    chosen = FORMS[form]
    if follow:
        selection = selection_of(None, connection, filter_, since, until, [])
        _follow(capture, chosen, output, selection)
        return
    with opened(capture) as reader:
        check_connection(reader, connection)
        selection = selection_of(reader, connection, filter_, since, until, flat(decode))
        write = chosen.write()
        with progress("exporting", reader.frame_count()) as moved, writing(output) as file:
            write(Counting(reader, moved), file, selection)
    if output != STDOUT and chosen.lacks:
        click.echo(f"wsproxy: {form} does not hold {chosen.lacks}", err=True)


def _follow(capture: Path, form: Form, output: Path, selection: Selection) -> None:
    if not form.follows:
        known = ", ".join(name for name, each in FORMS.items() if each.follows)
        raise click.BadParameter(
            f"{form.name} cannot be written piece by piece; {known} can", param_hint="--follow"
        )
    with any_capture(capture) as path, writing(output) as file:
        write_following(path, form.writer()(file, selection), file, selection)


def check_connection(reader: StoredCapture, number: int | None) -> None:
    """Raise click.BadParameter if there is no such connection."""
    if number is None:
        return
    known = [connection.id for connection in reader.connections()]
    if number not in known:
        there = f"{known[0]} to {known[-1]}" if known else "none"
        raise click.BadParameter(
            f"no connection {number}; there are {there}", param_hint="--connection"
        )


class Counting:
    """A capture that tells how far it was read (formats.interfaces.CaptureReader)."""

    def __init__(self, reader: StoredCapture, moved: Callable[[int], None]) -> None:
        self.connections = reader.connections
        self.fault_records = reader.fault_records
        self.http = reader.http
        self.left_out = reader.left_out
        self._seen = reader.seen
        self._moved = moved
        self._count = 0

    def seen(self, connection_id: int | None = None) -> Iterator[Seen]:
        for seen in self._seen(connection_id):
            self._count += 1
            if self._count % 1000 == 0:
                self._moved(self._count)
            yield seen
