"""Counts the rows of a capture while it is written and trimmed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from scripts.soaking.peers import Talk

REFUSED = "no row of its connection"


class Audit:
    """What the index has had, row by row; `read` has to come around before a row is trimmed."""

    def __init__(self, capture: Path) -> None:
        self._index = capture / "index.sqlite"
        self._targets: dict[int, str] = {}
        self._frames: dict[int, list[int]] = {}
        self._newest = 0
        self._next_id = 1
        self.gaps: list[str] = []
        """Frame ids that no block has."""
        self.trimmed = 0
        """Frames that were dropped from the record because of its limit."""
        self.first_id = 0
        self.rows = 0
        self.connections = 0

    def read(self) -> None:
        """Read what is new."""
        with contextlib.closing(sqlite3.connect(self._index)) as index:
            index.execute("BEGIN")  # one state of it
            targets = index.execute(
                "SELECT id, target FROM connection WHERE id > ?", (self.connections,)
            )
            for number, target in targets:
                self._targets[number] = target
                self.connections = max(self.connections, number)
            blocks = index.execute(
                "SELECT first_id, count FROM block WHERE first_id > ? ORDER BY first_id",
                (self._newest,),
            ).fetchall()
            newest = blocks[-1][0] if blocks else self._newest
            counted = index.execute(
                "SELECT connection_id, frames_up, frames_down FROM connection_block"
                " WHERE first_id > ? AND first_id <= ?",
                (self._newest, newest),
            )
            for number, up, down in counted:
                frames = self._frames.setdefault(number, [0, 0])
                frames[0] += up
                frames[1] += down
            for first_id, count in blocks:
                if first_id != self._next_id:
                    self.gaps.append(f"frames {self._next_id} to {first_id - 1} are in no block")
                self._next_id = first_id + count
                self.rows += count
            self._newest = newest
            rows = dict(index.execute("SELECT why, frames FROM left_out").fetchall())
            self.trimmed = rows.pop("capture limit", 0)
            self.gaps += [f"{count} frames left out: {why}" for why, count in rows.items() if count]
            (self.first_id,) = index.execute("SELECT min(first_id) FROM block").fetchone()

    def compare(self, talks: Iterable[Talk]) -> list[str]:
        """What is wrong, a line each, once all talks are over and all is read."""
        wrong = list(dict.fromkeys(self.gaps))
        numbers = {target.rpartition("/")[2]: n for n, target in self._targets.items()}
        for talk in talks:
            recorded = self._frames.get(numbers.get(str(talk.number), 0), [0, 0])
            for name, counted, found in zip(
                ("up", "down"), (talk.up, talk.down), recorded, strict=True
            ):
                if not counted.least <= found <= counted.sent:
                    wrong.append(
                        f"connection {talk.number} ({talk.ending}) {name}: sent {counted.sent},"
                        f" at least {counted.least} arrived, recorded {found}"
                    )
        if self.first_id - 1 != self.trimmed:
            wrong.append(
                f"{self.first_id - 1} frames are no longer there, {self.trimmed} are counted as that"
            )
        return wrong
