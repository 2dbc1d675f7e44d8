"""What is said of packets that do not end where their message ends, and of too many packets."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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


def said_of(
    protocol: str,
    packets: Iterable[Packet],
    say: Callable[[Packet], Decoded | None],
    *,
    every: bool = False,
) -> tuple[list[Decoded], bool]:
    """What the packets say that end in a message, and whether one was none (LostError).

    `say` is asked about the first MAX_PACKETS, or `every` one, if what it says of one depends on those
    before; None is nothing to say. The others are counted: `(more) 12 packets`.
    """
    found: list[Decoded] = []
    count = 0
    try:
        for packet in packets:
            if every or count < MAX_PACKETS:
                one = say(packet)
                if one is None:
                    continue
                found += [one] if count < MAX_PACKETS else []
            count += 1
    except LostError:
        return found, True
    return found + others(protocol, count), False


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
    found, lost = said_of(protocol, cutter.feed(payload.content, payload.missing), say)
    if lost:
        return found or None
    if cutter.pending:
        found += partial(protocol, begun(cutter.head), cutter)
    return found
