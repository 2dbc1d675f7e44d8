"""Requests and their answers."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_WAITING
from wsproxy.payloads.decoded import Decoded, Role


@dataclass(slots=True)
class Exchange:
    """A request with what answers it. Times are seconds."""

    protocol: str
    key: str
    asker: Direction
    kind: str
    """Of the request."""
    summary: str
    """Of the request."""
    request: int
    """The id under which the request's message was given."""
    asked: float
    parts: int = 0
    answer: int | None = None
    """Id of the first message that answers, be it a part or the whole answer."""
    answered: float | None = None
    last: int | None = None
    """Id of the message that ended the exchange."""
    ended: float | None = None
    given_up: bool = False
    """Whether nothing waits for an answer any more: another request took the key, or too many
    waited."""

    @property
    def latency(self) -> float | None:
        """Seconds until the first answer."""
        return None if self.answered is None else self.answered - self.asked

    @property
    def duration(self) -> float | None:
        """Seconds until the end."""
        return None if self.ended is None else self.ended - self.asked


class Pairs:
    """The exchanges of one connection: at most MAX_WAITING that have not ended."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[Direction, str], Exchange] = OrderedDict()
        self._answered: OrderedDict[tuple[Direction, str], Exchange] = OrderedDict()
        self.forgotten = 0
        """Requests that were given up, as too many waited."""

    def feed(
        self, found: Decoded, direction: Direction, time: float, message_id: int
    ) -> Exchange | None:
        """The exchange that this packet belongs to, with the packet taken into account.

        None if it has no pair, or its request is not known.
        """
        pair = found.pair
        if pair is None:
            return None
        key = (pair.asker, pair.key)
        if pair.role is Role.REQUEST:
            exchange = Exchange(
                found.protocol, pair.key, pair.asker, found.kind, found.summary, message_id, time
            )
            overtaken = self._open.pop(key, None)
            if overtaken is not None and overtaken.answered is None:
                overtaken.given_up = True
            self._open[key] = exchange
            if len(self._open) > MAX_WAITING:
                self._give_up()
            return exchange
        known = self._open.get(key) or self._answered.get(key)
        if known is None:
            return None
        own = direction is pair.asker
        if not own and known.answered is None:
            known.answer, known.answered = message_id, time
        if pair.role is Role.PART:
            known.parts += 0 if own else 1
            return known
        if known.ended is None:
            known.last, known.ended = message_id, time
            del self._open[key]
            if pair.role is Role.ANSWER:  # parts may still come
                self._answered[key] = known
                if len(self._answered) > MAX_WAITING:
                    self._answered.popitem(last=False)
        return known

    def waiting(self, *, asked_before: float) -> list[Exchange]:
        """Requests without any answer that were made before a time, the oldest first."""
        return [
            one for one in self._open.values() if one.answered is None and one.asked < asked_before
        ]

    def _give_up(self) -> None:
        _, exchange = self._open.popitem(last=False)
        if exchange.answered is None:
            exchange.given_up = True
            self.forgotten += 1
