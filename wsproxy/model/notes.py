"""What somebody wrote down about a message or a connection, and bookmarks."""

from __future__ import annotations

from typing import NamedTuple

from wsproxy.model.records import Direction

MAX_NOTE = 4096
"""Characters of a note; what is longer is cut."""

MAX_NOTES = 20_000
"""Notes and bookmarks of a capture: whoever reads it has them in memory."""

NoteKey = tuple[int, Direction | None, int | None]
"""Connection, direction and number of a message; the last two are None for the connection."""


class NoteRecord(NamedTuple):
    """The note on a message, or on a connection; a later one takes its place."""

    connection_id: int
    direction: Direction | None = None
    message: int | None = None
    """The number of the message, counted from 1 in each direction."""
    text: str = ""
    marked: bool = False
    """Whether it is bookmarked."""

    @property
    def key(self) -> NoteKey:
        """What it is about."""
        return self.connection_id, self.direction, self.message

    @property
    def empty(self) -> bool:
        """Whether it says nothing: the one before is removed."""
        return not self.text and not self.marked
