"""What a lane consists of, and what its two ways have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wsproxy.faults.steps import Cut, Step
from wsproxy.model.inflight import InFlightMessage
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.relay.encoder import LaneEncoder
from wsproxy.relay.holding import HoldBudget
from wsproxy.relay.interfaces import Clock, Interceptor, Transport
from wsproxy.relay.journal import Journal


class Faults(Protocol):
    """The faults of one direction of one connection (`faults.chain.FaultChain`)."""

    @property
    def active(self) -> bool:
        """Whether any fault may strike here."""

    @property
    def paces(self) -> bool:
        """Whether all that may strike only delays or paces: none needs a message whole."""

    def passed(self, in_flight: InFlightMessage, now: float) -> list[Step]:
        """What to do with a message or control frame."""

    def piece(self, data: bytes, now: float, *, first: bool) -> list[Step]:
        """What to do with bytes of a message that is too large to be held, where all `paces`."""

    def next_time(self) -> float | None:
        """When `tick` wants to be called, in seconds since the epoch; None: not at all."""

    def tick(self, now: float) -> list[Step]:
        """What to do without anything passing."""

    def ended(self, now: float) -> list[Step]:
        """What to do when the source has ended its stream."""


@dataclass(slots=True)
class Parts:
    """What a lane consists of; both of its ways work with these."""

    decoder: StreamDecoder
    source: Transport
    sink: Transport
    journal: Journal
    clock: Clock
    encoder: LaneEncoder
    cut: Callable[[Cut], None]
    """Ends the connection as a fault wants it: `close` or `reset`."""
    failed: Callable[[], None]
    """Resets the connection, for a bug of the proxy's own does not let it go on."""
    budget: HoldBudget = field(default_factory=HoldBudget)
    interceptors: Sequence[Interceptor] = ()
    faults: Faults | None = None

    @property
    def wanted(self) -> bool:
        """Whether anybody may change what passes."""
        return self.intercepted or (self.faults is not None and self.faults.active)

    @property
    def intercepted(self) -> bool:
        """Whether an interceptor may change what passes."""
        direction = self.decoder.direction
        return any(interceptor.wants(direction) for interceptor in self.interceptors)


class Way(Protocol):
    """How bytes go through a lane."""

    def bytes_received(self, data: bytes) -> None:
        """Bytes from the source."""

    def inject(self, in_flight: InFlightMessage) -> None:
        """Send something that the source did not, between two messages."""

    def reconsider(self) -> None:
        """Somebody may want to change what passes, or no longer."""

    def finish(self, then: Callable[[], None]) -> None:
        """The source has ended its stream: call `then` when all it sent was passed on."""

    def abandon(self) -> None:
        """The connection is gone: what is held goes nowhere."""

    @property
    def idle(self) -> bool:
        """Whether nothing is held."""

    @property
    def waiting(self) -> int:
        """Bytes that wait here, those that are held among them."""

    @property
    def stalled(self) -> bool:
        """Whether a fault keeps everything back, the end of the stream included."""
