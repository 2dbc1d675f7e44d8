"""`wsproxy import`: a capture of a file that somebody else wrote."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from wsproxy.captures.making import import_file
from wsproxy.cli.progress import progress
from wsproxy.store.reader import Capture

EPILOG = """\b
Examples:
  wsproxy import ticket.zip -o ticket.wsproxy
  wsproxy import browser.har -o browser.wsproxy
"""


@click.command("import", epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "output", type=click.Path(path_type=Path), required=True, help="The capture to make."
)
def command(file: Path, output: Path) -> None:
    """Make a capture of FILE, whatever its form: it is told by its content (docs/import.md)."""
    size = file.stat().st_size if file.is_file() else 0
    with progress("importing", size) as moved:

        def tell(opened: BinaryIO) -> None:
            moved(opened.tell())

        form = import_file(file, output, tell)
    if form.lacks:
        click.echo(f"wsproxy: {form.name} does not hold {form.lacks}", err=True)
    made = Capture(output)
    for why, counted in made.left_out().items():
        what = f"{counted.frames:,} frames" if counted.frames else f"{counted.bytes:,} bytes"
        click.echo(f"wsproxy: {what} are not in the capture ({why})", err=True)
    made.close()
