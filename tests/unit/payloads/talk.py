"""Connections in memory: what is said, cut into messages."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from wsproxy.model.records import Direction
from wsproxy.payloads.conversation import Conversation
from wsproxy.payloads.decoded import Decoded, Facts, Payload
from wsproxy.payloads.rules import DecodeRule

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


def payload(direction: Direction, content: str | bytes, length: int | None = None) -> Payload:
    """A text message for a str, a binary one for bytes; `length` is more if some is missing."""
    raw = content.encode() if isinstance(content, str) else content
    return Payload(direction, isinstance(content, str), raw, len(raw) if length is None else length)


class Talk:
    """A conversation of which only the lines and pairs are asked."""

    def __init__(
        self,
        subprotocol: str | None = None,
        target: str = "/",
        rules: list[DecodeRule] | None = None,
    ) -> None:
        self.conversation = Conversation(Facts(target, subprotocol), rules)

    def feed(
        self, direction: Direction, content: str | bytes, length: int | None = None
    ) -> list[Decoded]:
        found = self.conversation.feed(payload(direction, content, length))
        assert not self.conversation.failed, found
        return found

    def lines(
        self, direction: Direction, content: str | bytes, length: int | None = None
    ) -> list[str]:
        return [one.summary for one in self.feed(direction, content, length)]

    def up(self, content: str | bytes, length: int | None = None) -> str:
        """The line of a message of the client that says one thing."""
        (line,) = self.lines(UP, content, length)
        return line

    def down(self, content: str | bytes, length: int | None = None) -> str:
        (line,) = self.lines(DOWN, content, length)
        return line

    def pair(self, direction: Direction, content: str | bytes) -> tuple[str, str, str] | None:
        """Key, role and asker of what a message says."""
        (found,) = self.feed(direction, content)
        if found.pair is None:
            return None
        return found.pair.key, found.pair.role.value, found.pair.asker.name.lower()


@st.composite
def cuts(draw: st.DrawFn, content: bytes) -> list[bytes]:
    """`content` in pieces, cut at random."""
    places = draw(st.lists(st.integers(0, len(content)), max_size=8).map(sorted))
    edges = [0, *places, len(content)]
    pieces = [content[a:b] for a, b in pairwise(edges)]
    return [piece for piece in pieces if piece] or [b""]


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
