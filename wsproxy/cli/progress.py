"""A bar on a terminal that says how far a command is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, and nothing elsewhere; call what it gives with how far it is."""
    stream = sys.stderr
    if not stream.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=length, label=label, file=stream) as bar:
        yield lambda place: bar.update(max(place - bar.pos, 0))
