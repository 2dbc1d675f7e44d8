"""What a held lane is to send, each piece when it is time, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from wsproxy.clock import TIMER_SLACK
from wsproxy.faults.steps import Cut, Stall
from wsproxy.relay.interfaces import Clock


class Slice(bytes):
    """Bytes that have to be written by themselves: somebody wants to see the pieces arrive."""

    __slots__ = ()


class Outbox:
    """Sends bytes, cuts and stalls after their delays.

    What can be sent at once gathers until `write`, so that many messages go out with one write.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        cut: Callable[[Cut], None],
        clock: Clock,
        count: Callable[[int], None],
        delivered: Callable[[], None],
    ) -> None:
        """`count` is told of bytes that wait (and, negative, no longer do); `delivered` is called
        after something was done at its time.
        """
        self._write = write
        self._cut_connection = cut
        self._clock = clock
        self._count = count
        self._delivered = delivered
        self._items: deque[tuple[float, bytes | Cut | Stall]] = deque()
        self._gathered: list[bytes] = []
        self._last_at = 0.0
        self._cut_off = False
        self._cancel_timer: Callable[[], None] | None = None
        self.stalled = False
        """Whether nothing passes until `resume`."""

    @property
    def empty(self) -> bool:
        """Whether nothing is waiting, and nothing would have to."""
        return not self._items and not self.stalled

    def send(self, data: bytes, delay: float) -> None:
        """Send bytes in `delay` seconds: with the next `write`, if there is no delay and nothing
        waits.
        """
        if self._cut_off:
            return
        if delay <= 0 and not self._items and not self.stalled:
            if type(data) is Slice:
                self.write()
                self._write(data)
            else:
                self._gathered.append(data)
            return
        self._count(len(data))
        self.put(data, delay)

    def put(self, item: bytes | Cut | Stall, delay: float) -> None:
        """Do something in `delay` seconds, after all that was put before it."""
        if self._cut_off:
            return
        self.write()
        # A stream keeps its order: nothing overtakes what was put before it.
        self._last_at = max(self._clock.time() + delay, self._last_at)
        self._items.append((self._last_at, item))
        if len(self._items) == 1:
            self._plan()

    def write(self) -> None:
        """Send what has gathered."""
        gathered = self._gathered
        if gathered:
            data = gathered[0] if len(gathered) == 1 else b"".join(gathered)
            gathered.clear()
            self._write(data)

    def cut(self, cut: Cut) -> None:
        """End the connection now: what is still to be sent goes nowhere."""
        self.write()
        self._cut_off = True
        self._forget_items()
        self._cut_connection(cut)

    def resume(self) -> None:
        """End a stall, and those that are still to come."""
        self._items = deque(item for item in self._items if not isinstance(item[1], Stall))
        self._cancel()
        self.stalled = False
        self._deliver()

    def abandon(self) -> None:
        """Send nothing more."""
        self._cut_off = True
        self._cancel()
        self._gathered.clear()
        self._forget_items()

    def _forget_items(self) -> None:
        self._count(-sum(len(item) for _, item in self._items if isinstance(item, bytes)))
        self._items.clear()

    def _cancel(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    def _plan(self) -> None:
        delay = self._items[0][0] - self._clock.time()
        self._cancel_timer = self._clock.call_later(max(delay, 0.0), self._deliver)

    def _deliver(self) -> None:
        self._cancel_timer = None
        now = self._clock.time() + TIMER_SLACK
        while self._items and self._items[0][0] <= now and not self.stalled:
            _, item = self._items.popleft()
            if isinstance(item, Slice):
                self._count(-len(item))
                self.write()
                self._write(item)
            elif isinstance(item, bytes):
                self._count(-len(item))
                self._gathered.append(item)
            elif isinstance(item, Stall):
                self.stalled = True
            else:
                self.cut(item)
        self.write()
        if self._items and not self.stalled:
            self._plan()
        self._delivered()
