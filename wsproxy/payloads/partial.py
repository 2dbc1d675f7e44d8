"""What is said of packets that do not end where their message ends, and of too many packets."""

from __future__ import annotations

from collections.abc import Callable

from wsproxy.payloads.bounds import MAX_PACKETS
from wsproxy.payloads.cutter import Cutter, LostError, Packet
from wsproxy.payloads.decoded import Decoded, Payload, decoded
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


def in_packets(
    protocol: str,
    cutter: Cutter,
    payload: Payload,
    say: Callable[[Packet], Decoded],
    begun: Callable[[bytes], str],
) -> list[Decoded] | None:
    """What a message says whose protocol has packets of its own; None if it is lost in them.

    `say` is asked about the first MAX_PACKETS packets, `begun` for the kind of the one that goes
    on in the next message, of which it is given the beginning.
    """
    found: list[Decoded] = []
    count = 0
    try:
        for packet in cutter.feed(payload.content, payload.missing):
            count += 1
            if count <= MAX_PACKETS:
                found.append(say(packet))
    except LostError:
        return found or None
    found += others(protocol, count)
    if cutter.pending:
        found += partial(protocol, begun(cutter.head), cutter)
    return found
