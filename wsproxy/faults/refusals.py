"""The faults of opening handshakes, at work."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from wsproxy.faults.chain import ActiveFault, Source
from wsproxy.faults.conditions import Conditions, generator, is_toxic
from wsproxy.faults.kinds.refuse import Refuse
from wsproxy.filters.subject import Subject
from wsproxy.model.records import ConnectionRecord, FaultRecord
from wsproxy.text.units import show_duration


class Refusal(NamedTuple):
    """What to do with an opening handshake."""

    name: str
    """The fault's own name."""
    status: int | None
    """The HTTP status to answer with; None lets the handshake go on."""
    delay: float
    """How long to wait before that, in seconds."""
    never: bool
    """Do not answer at all."""


class Refusals:
    """Decides for each handshake in turn; conditions count over all of them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at_work: dict[ActiveFault, Conditions] = {}

    def of(
        self,
        connection: ConnectionRecord,
        number: int,
        now: float,
        record: Callable[[FaultRecord], None],
    ) -> Refusal | None:
        """What the first fault that strikes wants; None where none does."""
        seed = self._source.seed
        kept, self._at_work = self._at_work, {}
        struck = None
        for active in self._source.current:
            spec = active.spec
            if not isinstance(spec.fault, Refuse) or not spec.enabled:
                continue
            random = generator(seed, spec.name, number, "upgrade")
            conditions = kept.get(active) or Conditions(spec, random, active.since)
            conditions.random = random
            self._at_work[active] = conditions
            if (
                struck is None
                and is_toxic(spec, seed, number)
                and conditions.met(Subject().on(connection), now)
            ):
                struck = active
        if struck is None:
            return None
        struck.strikes[0] += 1
        assert isinstance(struck.spec.fault, Refuse)
        return _strike(struck.spec.name, struck.spec.fault, connection, now, record)


def _strike(
    name: str,
    fault: Refuse,
    connection: ConnectionRecord,
    now: float,
    record: Callable[[FaultRecord], None],
) -> Refusal:
    late = f" {show_duration(fault.delay)} late" if fault.delay else ""
    detail = {
        "status": f"answered with {fault.status}{late}",
        "late": f"answered{late}",
        "never": "not answered",
    }[fault.answer]
    record(FaultRecord(connection.id, None, now, name, fault.type, None, detail))
    status = fault.status if fault.answer == "status" else None
    return Refusal(name, status, fault.delay, fault.answer == "never")
