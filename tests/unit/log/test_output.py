from __future__ import annotations

import io
import os
import select
import threading
from collections.abc import Iterator
from typing import TextIO

import pytest

from wsproxy.log.output import WAITING, Background, Unbuffered


class Pipe:
    """A pipe, and what was read from it."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self._reading, writing = os.pipe()
        self.stream: TextIO = os.fdopen(writing, "w", encoding=encoding)
        self.out = Unbuffered(self.stream)

    def read(self) -> bytes:
        """All that is written until `close_writing`."""
        with open(self._reading, "rb", closefd=False) as reading:
            return reading.read()

    def wait_for_something(self) -> None:
        select.select([self._reading], [], [])

    def nobody_reads(self) -> None:
        os.close(self._reading)

    def close_writing(self) -> None:
        self.stream.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close_writing()


def test_what_does_not_fit_is_counted_and_the_rest_comes_when_somebody_reads(pipe: Pipe) -> None:
    background = Background(pipe.out)
    line = "x" * 99_999 + "\n"
    background.write(line)
    pipe.wait_for_something()  # the thread has taken that line, and is stuck in it
    for _ in range(30):  # none of these waits, though nobody reads
        background.write(line)

    def close() -> None:
        background.close()
        pipe.close_writing()

    closing = threading.Thread(target=close)
    closing.start()
    got = pipe.read().decode().splitlines(keepends=True)
    closing.join()
    fit = WAITING // len(line)
    assert got[:-1] == [line] * (1 + fit)
    assert got[-1] == f"wsproxy: {30 - fit} lines are not shown, for nobody read them\n"


def test_the_end_does_not_wait_for_one_who_does_not_read(pipe: Pipe) -> None:
    background = Background(pipe.out)
    background.write("x" * 200_000)
    background.close()
    pipe.nobody_reads()


def test_a_reader_that_is_gone_is_no_error(pipe: Pipe) -> None:
    pipe.nobody_reads()
    background = Background(pipe.out)
    background.write("one\n")
    background.close()
    with pytest.raises(OSError, match="Broken pipe"):
        pipe.out.write("two\n")


def test_what_the_encoding_lacks_is_escaped() -> None:
    pipe = Pipe("ascii")
    pipe.out.write("… \udc80\n")
    pipe.close_writing()
    assert pipe.read() == b"\\u2026 \\udc80\n"


def test_a_stream_that_is_no_file() -> None:
    kept = io.StringIO()
    background = Background(Unbuffered(kept))
    assert not background.isatty()
    background.write("")
    background.write("one\n")
    background.close()
    assert kept.getvalue() == "one\n"
    with pytest.raises(TypeError):
        background.write(b"")  # type: ignore[arg-type]
