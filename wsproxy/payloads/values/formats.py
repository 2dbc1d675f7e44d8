"""What the formats of single values have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple


class Read(NamedTuple):
    """A content that was read."""

    value: Any
    summary: str
    """In one line; need not be printable."""
    kind: str = ""
    """What the value calls itself, if it does."""


class Format(ABC):
    """One format."""

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        """Whether it is worth a try to read the content, from a quick look. `text` tells what
        kind of message it is.
        """

    @abstractmethod
    def read(self, content: bytes, *, cut: bool) -> Read:
        """`cut` says that `content` is only the beginning.

        Raises NotThisError, or MissingLibraryError.
        """
