"""What is said of packets that do not end where their message ends, and of too many packets."""

from __future__ import annotations

from wsproxy.payloads.bounds import MAX_PACKETS
from wsproxy.payloads.cutter import Cutter
from wsproxy.payloads.decoded import Decoded, decoded
from wsproxy.payloads.lines import size

PARTIAL = "(partial)"
"""The kind of what goes on in the next message."""

MORE = "(more)"
"""The kind of what stands for the packets beyond MAX_PACKETS."""


def partial(protocol: str, kind: str, cutter: Cutter) -> list[Decoded]:
    """`(partial) PUBLISH 13 B of 300 kB`."""
    of = f" of {size(cutter.expected)}" if cutter.expected else ""
    rest = f"{kind} {size(cutter.pending)}{of}".strip()
    return [decoded(protocol, PARTIAL, rest, {"of": kind, "bytes": cutter.pending})]


def others(protocol: str, count: int) -> list[Decoded]:
    """`(more) 12 packets`, if a message held `count` packets and those are too many."""
    if count <= MAX_PACKETS:
        return []
    more = count - MAX_PACKETS
    return [decoded(protocol, MORE, f"{more} packets", {"packets": more})]
