"""Where and when a fault strikes: its counters and its random numbers on one lane."""

from __future__ import annotations

from random import Random

from wsproxy.faults.base import Scope
from wsproxy.faults.spec import Spec
from wsproxy.filters.subject import Subject
from wsproxy.model.inflight import InFlightMessage
from wsproxy.protocol.frames import Opcode


def generator(seed: int, name: str, connection: int, what: str) -> Random:
    """Random numbers that depend on nothing but these, so that no interleaving changes them."""
    return Random(f"{seed}:{name}:{connection}:{what}")  # noqa: S311 - repeatable, no secret


def is_toxic(spec: Spec, seed: int, connection: int) -> bool:
    """Whether the fault is on a connection at all."""
    return (
        spec.toxicity >= 1
        or generator(seed, spec.name, connection, "toxicity").random() < spec.toxicity
    )


class Conditions:
    """Decides for each message or handshake in turn."""

    def __init__(self, spec: Spec, random: Random, start: float) -> None:
        """`start` is when its time begins to run, in seconds since the epoch."""
        self._spec = spec
        self.random = random
        self._scope = spec.fault.scope
        if spec.match is not None and spec.match.names_control:
            self._scope = _WITH_CONTROL.get(self._scope, self._scope)
        self._count = 0
        self.begins = start + spec.after
        self.ends = None if spec.lasts is None else self.begins + spec.lasts

    @property
    def endless(self) -> bool:
        """Whether it can always strike once more."""
        spec = self._spec
        return self.ends is None and spec.nth is None and spec.first is None

    @property
    def none(self) -> bool:
        """Whether it strikes whatever passes, from the beginning."""
        spec = self._spec
        return self.endless and not spec.waits_for_a_message and not spec.after

    @property
    def looks(self) -> bool:
        """Whether a Subject has to be made for it."""
        return self._spec.match is not None

    @property
    def decodes(self) -> bool:
        """Whether it asks what messages say."""
        return self._spec.match is not None and self._spec.match.decodes

    def spent(self, now: float) -> bool:
        """Whether it can strike no more."""
        if self.ends is not None and now >= self.ends:
            return True
        most = self._spec.nth or self._spec.first
        return most is not None and self._count >= most

    def in_scope(self, in_flight: InFlightMessage) -> bool:
        """Whether the fault is about such a thing."""
        scope = self._scope
        if scope is Scope.MESSAGES:
            return not in_flight.is_control
        if scope is Scope.CLOSES:
            return in_flight.opcode == Opcode.CLOSE
        if scope is Scope.PONGS:
            return in_flight.opcode == Opcode.PONG
        return True

    def met(self, subject: Subject | None, now: float) -> bool:
        """Whether it strikes; to be asked once for each message in scope."""
        spec = self._spec
        if now < self.begins or (self.ends is not None and now >= self.ends):
            return False
        if spec.match is not None and (subject is None or not spec.match.matches(subject)):
            return False
        self._count += 1
        # Drawn for every message that matches, so that no other condition shifts the sequence.
        likely = spec.probability >= 1 or self.random.random() < spec.probability
        if spec.nth is not None and self._count != spec.nth:
            return False
        if spec.first is not None and self._count > spec.first:
            return False
        if spec.every is not None and self._count % spec.every:
            return False
        return likely


_WITH_CONTROL = {Scope.MESSAGES: Scope.ALL}
