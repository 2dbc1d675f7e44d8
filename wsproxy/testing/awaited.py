"""Coroutines that say so when somebody forgets to await them."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


class Awaited(Coroutine[Any, Any, T]):
    """A coroutine whose result is what people want: to ask it for anything else is a mistake."""

    def __init__(self, inner: Coroutine[Any, Any, T], what: str) -> None:
        """`what`: how it was called, as it stands in the test."""
        self._inner = inner
        self._what = what
        self.begun = False

    def __await__(self) -> Generator[Any, Any, T]:
        self.begun = True
        return self._inner.__await__()

    def send(self, value: Any) -> Any:
        self.begun = True
        return self._inner.send(value)

    def throw(self, *args: Any) -> Any:
        self.begun = True
        return self._inner.throw(*args)

    def close(self) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("cr_await", "cr_frame", "cr_code", "gi_frame"):
            raise AttributeError(name)
        __tracebackhide__ = True
        raise AttributeError(self.mistake)

    @property
    def mistake(self) -> str:
        """What was forgotten, in a sentence."""
        return f"{self._what} is not awaited: write `await {self._what}`"


class NotAwaited:
    """Keeps an eye on coroutines until they have begun."""

    def __init__(self) -> None:
        self._watched: list[Awaited[Any]] = []

    def watch(self, coroutine: Coroutine[Any, Any, T], what: str) -> Awaited[T]:
        """A coroutine that is looked at in the end."""
        awaited = Awaited(coroutine, what)
        self._watched = [each for each in self._watched if not each.begun]
        self._watched.append(awaited)
        return awaited

    def take(self) -> list[str]:
        """What was never awaited, a sentence each; Python will not complain of it again."""
        forgotten = [each for each in self._watched if not each.begun]
        self._watched = []
        for each in forgotten:
            each.close()
        return [each.mistake for each in forgotten]
