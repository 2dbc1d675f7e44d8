"""All faults there are. A new one is one file and one line here."""

from __future__ import annotations

from wsproxy.faults.bandwidth import Bandwidth
from wsproxy.faults.base import Fault
from wsproxy.faults.close import Close
from wsproxy.faults.corrupt import Corrupt
from wsproxy.faults.drop import Drop
from wsproxy.faults.duplicate import Duplicate
from wsproxy.faults.fragment import Fragment
from wsproxy.faults.inject import Inject
from wsproxy.faults.latency import Latency
from wsproxy.faults.limit_data import LimitData
from wsproxy.faults.malformed import Malformed
from wsproxy.faults.no_pong import NoPong
from wsproxy.faults.ping_flood import PingFlood
from wsproxy.faults.refuse import Refuse
from wsproxy.faults.reorder import Reorder
from wsproxy.faults.replace import Replace
from wsproxy.faults.reset import Reset
from wsproxy.faults.slicer import Slicer
from wsproxy.faults.slow_close import SlowClose
from wsproxy.faults.stall import Stalled
from wsproxy.faults.truncate import Truncate

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

KINDS = {fault.kind: fault for fault in _FAULTS}
"""By their names, in the order in which they are listed."""
