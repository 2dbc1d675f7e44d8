"""All faults there are. A new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Iterable

from wsproxy.faults.base import Fault
from wsproxy.faults.kinds.bandwidth import Bandwidth
from wsproxy.faults.kinds.close import Close
from wsproxy.faults.kinds.corrupt import Corrupt
from wsproxy.faults.kinds.drop import Drop
from wsproxy.faults.kinds.duplicate import Duplicate
from wsproxy.faults.kinds.fragment import Fragment
from wsproxy.faults.kinds.inject import Inject
from wsproxy.faults.kinds.latency import Latency
from wsproxy.faults.kinds.limit_data import LimitData
from wsproxy.faults.kinds.malformed import Malformed
from wsproxy.faults.kinds.no_pong import NoPong
from wsproxy.faults.kinds.ping_flood import PingFlood
from wsproxy.faults.kinds.refuse import Refuse
from wsproxy.faults.kinds.reorder import Reorder
from wsproxy.faults.kinds.replace import Replace
from wsproxy.faults.kinds.reset import Reset
from wsproxy.faults.kinds.slicer import Slicer
from wsproxy.faults.kinds.slow_close import SlowClose
from wsproxy.faults.kinds.stall import Stalled
from wsproxy.faults.kinds.truncate import Truncate
from wsproxy.model.records import FaultRecord

_FAULTS: tuple[type[Fault], ...] = (
    Latency,
    Bandwidth,
    Drop,
    Duplicate,
    Reorder,
    Corrupt,
    Replace,
    Inject,
    Fragment,
    Slicer,
    Truncate,
    LimitData,
    Malformed,
    Close,
    SlowClose,
    Reset,
    Stalled,
    Refuse,
    PingFlood,
    NoPong,
)

FAULT_TYPES = {fault.type: fault for fault in _FAULTS}
"""By their names, in the order in which they are listed."""


def strike_mark(strike: FaultRecord) -> str:
    """`delayed` where a fault made things late and no more, else `faulted`."""
    known = FAULT_TYPES.get(strike.type)
    return "delayed" if known is not None and known.delays else "faulted"


def strike_marks(strikes: Iterable[FaultRecord]) -> tuple[str, ...]:
    """The marks of the faults that struck one message, each once."""
    return tuple(dict.fromkeys(map(strike_mark, strikes)))
