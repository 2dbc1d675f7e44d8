"""What a filter can learn of many frames at once, without making an object of each.

A *mask* says of each frame yes or no: an integer with a byte, 1 or 0, for every frame, the first
frame in the lowest byte. So `&`, `|` and `^` work on thousands of frames in a few microseconds.
A *rough* answer is two masks: which frames may match, and which surely do. Those between are
looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from wsproxy.filters.regex import Regex
from wsproxy.filters.subject import Subject


class Rough(NamedTuple):
    """Two masks: `sure` is a part of `may`."""

    may: int
    sure: int


class Table(Protocol):
    """The frames of some blocks, by columns."""

    count: int
    full: int
    """The mask of all frames."""
    firsts: bytes
    """The first header byte of each: FIN, RSV1 to RSV3, opcode."""

    @property
    def downstream(self) -> int:
        """Those that the server sent."""

    @property
    def joined(self) -> int:
        """Those of which the frame's own columns do not tell what a filter is asked about.

        They end a fragmented message, or their header is not all there.
        """

    def lengths(self) -> Iterable[int]:
        """Payload bytes of each; not right for what is `joined` or cut."""

    def of_connections(self, test: Callable[[Subject], bool]) -> int:
        """Those of the connections that pass the test."""

    def numbered(self, test: Callable[[int], bool]) -> int:
        """Those of the connections whose number passes the test."""

    def noted(self) -> int:
        """Those with a note, of their own or of their connection."""

    def marked(self, word: str) -> Rough:
        """Those with a mark, e.g. `changed`."""

    def containing(self, regex: Regex, within: int) -> Rough:
        """Those of `within` whose content, inflated, matches."""


def mask_of(flags: bytes) -> int:
    """The mask of a byte, 1 or 0, for every frame."""
    return int.from_bytes(flags, "little")


def flags_of(mask: int, count: int) -> bytes:
    """A byte, 1 or 0, for every frame."""
    return mask.to_bytes(count, "little")
