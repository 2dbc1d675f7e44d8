"""RFB, the protocol of VNC (RFC 6143), as noVNC and websockify carry it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from wsproxy.model.records import Direction
from wsproxy.payloads.cutter import Cutter, LostError, Packet
from wsproxy.payloads.decoded import Decoded, Decoder, Facts, Payload, Sure, decoded
from wsproxy.payloads.lines import data, many, size
from wsproxy.payloads.partial import PARTIAL, said_of
from wsproxy.payloads.protocols import rfb_lengths as lengths
from wsproxy.payloads.protocols.keysyms import key_name

_VERSION = re.compile(rb"RFB (\d{3})\.(\d{3})\n")
_CLIENT = {
    0: "SetPixelFormat",
    2: "SetEncodings",
    3: "FramebufferUpdateRequest",
    4: "key",
    5: "pointer",
    6: "ClientCutText",
    150: "EnableContinuousUpdates",
    248: "fence",
    250: "xvp",
    251: "SetDesktopSize",
    255: "key",
}
_SERVER = {
    0: "FramebufferUpdate",
    1: "SetColourMapEntries",
    2: "Bell",
    3: "ServerCutText",
    150: "EndOfContinuousUpdates",
    248: "fence",
    250: "xvp",
}
_SECURITY = {1: "None", 2: "VNC"}
_VNC = 2
_LONGEST_FIELDS = 24
"""Bytes of a message that are looked at (ServerInit has most)."""


class Rfb(Decoder):
    """A message of RFB may span messages, and one message hold several.

    The handshake (section 7.1 to 7.3) is followed with no authentication and with VNC's; after
    any other, and after an encoding whose length cannot be known, bytes are only counted.
    """

    name = "rfb"

    def __init__(self, facts: Facts) -> None:
        self._minor = 8
        self._security = 0
        self._pixel = 4
        self._opaque = False
        self._phase = dict.fromkeys(Direction, "version")
        self._cutters = {
            Direction.UPSTREAM: Cutter(self._measure_client),
            Direction.DOWNSTREAM: Cutter(self._measure_server),
        }
        self._left = 0
        """Rectangles of the update under way that are still to come."""
        self._rectangles: Counter[str] = Counter()
        self._bytes = 0
        self._tiles: Iterator[tuple[int, int]] = iter(())
        self._tile: tuple[int, int] | None = None

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        return Sure.SURE if _VERSION.match(payload.content) else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        if self._opaque:
            return [self._unread(payload.length)]
        up = payload.direction is Direction.UPSTREAM
        cutter = self._cutters[payload.direction]

        def say(packet: Packet) -> Decoded | None:
            if packet.cut and len(packet.content) < _LONGEST_FIELDS:
                raise LostError("not enough was recorded")
            return self._from_client(packet) if up else self._from_server(packet)

        packets = cutter.feed(payload.content, payload.missing)
        found, lost = said_of(self.name, packets, say, every=True)
        if lost:
            self._left, self._tile = 0, None
            if not found and self._phase[payload.direction] == "version":
                return None
            return [*found, self._unread(payload.length)]
        if cutter.pending or (self._left and not up):
            found.append(self._partial(cutter, up=up))
        return found

    def _unread(self, length: int) -> Decoded:
        return decoded(self.name, "opaque", size(length), {"length": length})

    def _partial(self, cutter: Cutter, *, up: bool) -> Decoded:
        if not up and self._left:
            rest = f"FramebufferUpdate {many(self._left, 'rect')} to come"
        else:
            of = f" of {size(cutter.expected)}" if cutter.expected else ""
            rest = f"{size(cutter.pending)}{of}"
        return decoded(self.name, PARTIAL, rest, {"bytes": cutter.pending})

    # The handshake decides together with the other direction how long things are.

    def _measure_client(self, content: bytes, at: int) -> int | None:
        phase = self._phase[Direction.UPSTREAM]
        if phase == "version":
            return _version_length(content, at)
        fixed = {"security": 1, "response": 16, "init": 1}
        if phase in fixed:
            return len(content) - at if self._opaque else fixed[phase]
        return lengths.client_length(content, at)

    def _measure_server(self, content: bytes, at: int) -> int | None:
        phase = self._phase[Direction.DOWNSTREAM]
        if self._opaque:
            return len(content) - at
        if phase == "version":
            return _version_length(content, at)
        if phase == "security":  # 7.1.2
            if self._minor == 3:
                return 4
            return 1 + content[at] if content[at] else _reason_length(content, at + 1, 1)
        if phase == "challenge":  # 7.2.2
            return 16
        if phase == "result":  # 7.1.3
            failed = lengths.number(content, at, 4)
            if failed is None:
                return None
            return _reason_length(content, at + 4, 4) if failed and self._minor >= 8 else 4
        if phase == "init":  # 7.3.2
            return _reason_length(content, at + 20, 20)
        if self._tile is not None:
            return lengths.tile_length(content, at, *self._tile, self._pixel)
        if self._left:
            return lengths.rectangle_length(content, at, self._pixel)
        return lengths.server_length(content, at)

    def _from_client(self, packet: Packet) -> Decoded:
        content = packet.content
        phase = self._phase[Direction.UPSTREAM]
        if self._opaque:
            return self._unread(packet.length)
        if phase == "version":
            self._minor = min(self._minor, _minor(content))
            first = "init" if self._minor == 3 else "security"
            self._phase = {Direction.UPSTREAM: first, Direction.DOWNSTREAM: "security"}
            return self._said("version", content.decode(errors="replace").strip())
        if phase == "security":
            self._chosen(content[0])
            return self._said("security", _SECURITY.get(content[0], f"type {content[0]}"))
        if phase == "response":
            self._phase[Direction.UPSTREAM] = "init"
            return self._said("response", "")
        if phase == "init":
            self._phase[Direction.UPSTREAM] = "messages"
            return self._said("ClientInit", "shared" if content[0] else "exclusive")
        kind = _CLIENT[content[0]]
        if content[0] == 0:
            self._pixel = max(1, content[4] // 8)  # 7.4: bits-per-pixel comes first
        return self._said(kind, _client_said(packet))

    def _chosen(self, security: int) -> None:
        self._security = security
        if security not in _SECURITY:
            self._opaque = True
        elif security == _VNC:
            self._phase = {Direction.UPSTREAM: "response", Direction.DOWNSTREAM: "challenge"}
        else:
            # 7.2.1: before 3.8 there is no result after None.
            after = "result" if self._minor >= 8 else "init"
            self._phase = {Direction.UPSTREAM: "init", Direction.DOWNSTREAM: after}

    def _from_server(self, packet: Packet) -> Decoded | None:
        content = packet.content
        phase = self._phase[Direction.DOWNSTREAM]
        if self._opaque:
            return self._unread(packet.length)
        if phase == "version":
            self._minor = _minor(content)
            self._phase[Direction.DOWNSTREAM] = "security"
            return self._said("version", content.decode(errors="replace").strip())
        if phase == "security":
            return self._offered(content)
        if phase == "challenge":
            self._phase[Direction.DOWNSTREAM] = "result"
            return self._said("challenge", "")
        if phase == "result":
            failed = any(content[:4])
            self._phase[Direction.DOWNSTREAM] = "security" if failed else "init"
            reason = content[8:].decode(errors="replace")
            return self._said("SecurityResult", f"failed {reason}".strip() if failed else "ok")
        if phase == "init":
            self._phase[Direction.DOWNSTREAM] = "messages"
            width, height = (int.from_bytes(content[at : at + 2], "big") for at in (0, 2))
            self._pixel = max(1, content[4] // 8)
            title = content[24:].decode(errors="replace")
            return self._said("ServerInit", f"{width}x{height} {title}")
        return self._update(packet) if self._left else self._server_message(packet)

    def _offered(self, content: bytes) -> Decoded:
        if self._minor == 3:
            self._chosen(content[3])
            return self._said("security", _SECURITY.get(content[3], f"type {content[3]}"))
        if content[0] == 0:
            return self._said("security", f"refused {content[5:].decode(errors='replace')}")
        names = [_SECURITY.get(one, f"type {one}") for one in content[1:]]
        return self._said("security", ", ".join(names))

    def _server_message(self, packet: Packet) -> Decoded | None:
        content = packet.content
        if content[0] == 0:
            self._left = int.from_bytes(content[2:4], "big")
            self._rectangles.clear()
            self._bytes = 4
            return self._updated() if not self._left else None
        return self._said(_SERVER[content[0]], _server_said(packet))

    def _update(self, packet: Packet) -> Decoded | None:
        self._bytes += packet.length
        if self._tile is None:
            found = lengths.rectangle(packet.content, 0)
            assert found is not None
            self._rectangles[found.name] += 1
            if found.encoding == lengths.LAST_RECT:
                self._left = 1
            if found.encoding == lengths.HEXTILE:
                self._tiles = _tiles(found.width, found.height)
                self._tile = next(self._tiles, None)
        else:
            self._tile = next(self._tiles, None)
        if self._tile is None:
            self._left -= 1
        return None if self._left else self._updated()

    def _updated(self) -> Decoded:
        total = sum(self._rectangles.values())
        names = " ".join(self._rectangles)
        value = {"rectangles": dict(self._rectangles), "length": self._bytes}
        rest = f"{many(total, 'rect')} {names} {size(self._bytes)}"
        return decoded(self.name, "FramebufferUpdate", " ".join(rest.split()), value)

    def _said(self, kind: str, rest: str) -> Decoded:
        return decoded(self.name, kind, rest, {"message": kind, "said": rest})


def _minor(content: bytes) -> int:
    found = _VERSION.match(content)
    minor = int(found[2]) if found else 3
    # 7.1.1: others than 3.3, 3.7 and 3.8 are treated as 3.3.
    return minor if minor in {7, 8} else 8 if minor > 8 else 3


def _version_length(content: bytes, at: int) -> int | None:
    if not b"RFB ".startswith(content[at : at + 4]):
        raise LostError("no greeting of RFB")
    if len(content) - at < 12:
        return None
    if not _VERSION.match(content, at):
        raise LostError("no greeting of RFB")
    return 12


def _reason_length(content: bytes, at: int, before: int) -> int | None:
    length = lengths.number(content, at, 4)
    return None if length is None else before + 4 + length


def _tiles(width: int, height: int) -> Iterator[tuple[int, int]]:
    for y in range(0, height, 16):
        for x in range(0, width, 16):
            yield min(16, width - x), min(16, height - y)


def _client_said(packet: Packet) -> str:
    content = packet.content
    kind = content[0]
    if kind == 0:
        return f"{content[4]} bits a pixel, depth {content[5]}"
    if kind == 2:
        wanted = [
            int.from_bytes(content[at : at + 4], "big", signed=True)
            for at in range(4, min(len(content), 4 + 4 * 16), 4)
        ]
        return " ".join(lengths.ENCODINGS.get(one, str(one)) for one in wanted)
    if kind == 3:
        x, y, width, height = (int.from_bytes(content[at : at + 2], "big") for at in (2, 4, 6, 8))
        return f"{width}x{height}+{x}+{y}" + (" incremental" if content[1] else "")
    if kind == 4:
        name = key_name(int.from_bytes(content[4:8], "big"))
        return f"{'down' if content[1] else 'up'} {name}"
    if kind == 255:
        name = key_name(int.from_bytes(content[4:8], "big"))
        return f"{'down' if content[3] else 'up'} {name}"
    if kind == 5:
        x, y = (int.from_bytes(content[at : at + 2], "big") for at in (2, 4))
        return f"{x},{y}" + (f" buttons={content[1]:#04x}" if content[1] else "")
    return data(content[8:], packet.length - 8) if kind == 6 else ""


def _server_said(packet: Packet) -> str:
    if packet.content[0] == 3:
        return data(packet.content[8:], packet.length - 8)
    return ""
