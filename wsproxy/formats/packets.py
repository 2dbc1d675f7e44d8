"""A packet as tshark tells of it, and what wsproxy's own exports say in its comments."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

FIELDS = (
    "frame.time_epoch", "tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst",
    "tcp.dstport", "tcp.seq_raw", "tcp.flags", "tcp.payload", "frame.interface_name",
    "frame.packet_id", "frame.comment",
)  # fmt: skip

_DECODER = json.JSONDecoder()

End = tuple[str, str]
"""Address and port."""


class Packet(NamedTuple):
    """One TCP segment."""

    time: float
    stream: str
    source: End
    target: End
    sequence: int
    flags: int
    data: bytes
    interface: str
    id: str
    """Both legs of a message that was changed have the same; empty: none."""
    marks: list[dict[str, Any]]
    """The JSON objects in its comments."""


def packet_of(line: str) -> Packet:
    """The packet of a line that `tshark -T fields` prints; raises ValueError."""
    parts = line.rstrip("\n").split("\t")
    parts += [""] * (len(FIELDS) - len(parts))
    return Packet(
        float(parts[0]),
        parts[1],
        (parts[2] or parts[3], parts[4]),
        (parts[5] or parts[6], parts[7]),
        int(parts[8]),
        int(parts[9], 16),
        bytes.fromhex(parts[10].replace(":", "")),
        parts[11],
        parts[12],
        _marks("\t".join(parts[13:])),
    )


def _marks(text: str) -> list[dict[str, Any]]:
    """Tshark joins comments by commas; those of others end it."""
    found, place = [], 0
    while place < len(text) and text[place] == "{":
        try:
            value, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        if isinstance(value, dict):
            found.append(value)
        place += 1
    return found
