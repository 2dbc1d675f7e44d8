from __future__ import annotations

import io
import threading
from typing import cast

from wsproxy.cli.stream import MOST, LineByLine


class Kept(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return super().write(text)


def test_a_line_is_one_write() -> None:
    kept = Kept()
    stream = LineByLine(kept)
    print("one", 2, file=cast("io.StringIO", stream))
    stream.write("three\nfour")
    stream.write("!\n")
    assert kept.writes == ["one 2\n", "three\n", "four!\n"]


def test_a_flush_shows_what_has_begun() -> None:
    kept = Kept()
    stream = LineByLine(kept)
    stream.write("working...")
    assert kept.writes == []
    stream.flush()
    stream.write("done\n")
    assert kept.writes == ["working...", "done\n"]


def test_threads_do_not_mix() -> None:
    kept = Kept()
    stream = LineByLine(kept)
    stream.write("mine ")
    other = threading.Thread(target=lambda: stream.write("theirs\n"))
    other.start()
    other.join()
    stream.write("only\n")
    assert kept.writes == ["theirs\n", "mine only\n"]


def test_a_line_without_end_is_not_kept() -> None:
    kept = Kept()
    stream = LineByLine(kept)
    for _ in range(10):
        stream.write("x" * (MOST // 2 + 1))
    assert len(kept.getvalue()) >= MOST * 4
    assert not stream.isatty()
