"""SSH: its greeting and key exchange, until it encrypts (RFC 4253)."""

from __future__ import annotations

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_PACKETS
from wsproxy.payloads.cutter import Cutter, LostError, Measure
from wsproxy.payloads.decoded import Decoded, Decoder, Facts, Payload, Sure, decoded
from wsproxy.payloads.lines import size
from wsproxy.payloads.partial import partial, said_of

# RFC 4250, section 4.1.2, and RFC 5656, section 7.1, for the numbers of the key exchange
_NAMES = {
    1: "DISCONNECT",
    2: "IGNORE",
    4: "DEBUG",
    20: "KEXINIT",
    21: "NEWKEYS",
    30: "KEXINIT request",
    31: "KEX reply",
    32: "KEX DH init",
    33: "KEX DH reply",
    34: "KEX DH request",
}
_MAX_PACKET = 35_000  # section 6.1


class Ssh(Decoder):
    """Everything after NEWKEYS is only counted."""

    name = "ssh"

    def __init__(self, facts: Facts) -> None:
        self._greeted = dict.fromkeys(Direction, False)
        self._banners = 0
        self._encrypted = dict.fromkeys(Direction, False)
        self._cutters = {each: Cutter(self._measure(each)) for each in Direction}

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        return Sure.SURE if payload.content.startswith(b"SSH-2.0-") else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        direction = payload.direction
        if self._encrypted[direction]:
            return [self._unread(payload.length)]
        cutter = self._cutters[direction]
        found, lost = said_of(
            self.name,
            cutter.feed(payload.content, payload.missing),
            lambda packet: self._packet(packet.content, direction),
            every=True,
        )
        if lost:
            return found or None
        if cutter.pending:
            found += partial(self.name, "", cutter)
        return found

    def _unread(self, length: int) -> Decoded:
        return decoded(self.name, "encrypted", size(length), {"length": length})

    def _measure(self, direction: Direction) -> Measure:
        def measure(content: bytes, at: int) -> int | bytes | None:
            if not self._greeted[direction]:
                return b"\n"  # section 4.2: a line; a server may send others before it
            if self._encrypted[direction]:
                return len(content) - at
            if at + 4 > len(content):
                return None
            length = int.from_bytes(content[at : at + 4], "big")
            if not 2 <= length <= _MAX_PACKET:  # section 6
                raise LostError("no packet of SSH")
            return 4 + length

        return measure

    def _packet(self, content: bytes, direction: Direction) -> Decoded:
        if not self._greeted[direction]:
            self._greeted[direction] = content.startswith(b"SSH-")
            text = content.decode(errors="replace").strip()
            kind = "version" if self._greeted[direction] else "banner"
            self._banners += kind == "banner"
            if self._banners > MAX_PACKETS:
                raise LostError("no greeting of SSH")
            return decoded(self.name, kind, text, {kind: text})
        if self._encrypted[direction]:
            return self._unread(len(content))
        number = content[5] if len(content) > 5 else 0
        kind = _NAMES.get(number, f"message {number}")
        if number == 21:
            self._encrypted[direction] = True
        return decoded(self.name, kind, size(len(content)), {"message": number})
