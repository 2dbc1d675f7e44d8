"""How long RFB's messages and rectangles are (RFC 6143, and the community's
https://github.com/rfbproto/rfbproto for what came after it).

Each function is given the bytes, the offset where its subject begins and the bytes per pixel.
They give a length, or None if more must come to tell.
"""

from __future__ import annotations

from typing import NamedTuple

from wsproxy.payloads.cutter import LostError

ENCODINGS = {
    0: "raw",
    1: "copyrect",
    2: "rre",
    5: "hextile",
    6: "zlib",
    7: "tight",
    16: "zrle",
    50: "h264",
    -223: "desktop-size",
    -224: "last-rect",
    -239: "cursor",
    -240: "x-cursor",
    -258: "qemu-key-event",
    -260: "tight-png",
    -261: "led-state",
    -307: "desktop-name",
    -308: "extended-desktop-size",
    -312: "fence",
    -313: "continuous-updates",
}
HEXTILE = 5
LAST_RECT = -224


class Rectangle(NamedTuple):
    """7.6.1: x and y, width and height in pixels, encoding."""

    x: int
    y: int
    width: int
    height: int
    encoding: int

    @property
    def name(self) -> str:
        return ENCODINGS.get(self.encoding, f"encoding {self.encoding}")


HEADER = 12
"""Bytes of a rectangle before its content."""


def number(content: bytes, at: int, size: int, *, signed: bool = False) -> int | None:
    if at + size > len(content):
        return None
    return int.from_bytes(content[at : at + size], "big", signed=signed)


def rectangle(content: bytes, at: int) -> Rectangle | None:
    if at + HEADER > len(content):
        return None
    x, y, width, height = (
        int.from_bytes(content[at + offset : at + offset + 2], "big") for offset in (0, 2, 4, 6)
    )
    return Rectangle(
        x, y, width, height, int.from_bytes(content[at + 8 : at + 12], "big", signed=True)
    )


def rectangle_length(content: bytes, at: int, pixel: int) -> int | None:
    """Of a whole rectangle; of one in hextile only its header, as its tiles come singly."""
    found = rectangle(content, at)
    if found is None:
        return None
    body = at + HEADER
    length = _content_length(content, body, found, pixel)
    return None if length is None else HEADER + length


def _content_length(content: bytes, at: int, found: Rectangle, pixel: int) -> int | None:
    area = found.width * found.height
    encoding = found.encoding
    mask = (found.width + 7) // 8 * found.height
    fixed = {
        0: area * pixel,  # 7.7.1
        1: 4,  # 7.7.2
        HEXTILE: 0,
        -223: 0,
        LAST_RECT: 0,
        -239: area * pixel + mask,  # 7.8.1
        -240: 6 + 2 * mask if area else 0,
        -258: 0,
        -261: 1,
    }
    if encoding in fixed:
        return fixed[encoding]
    if encoding == 2:  # 7.7.3: count, background, then pixel and position of each
        count = number(content, at, 4)
        return None if count is None else 4 + pixel + count * (pixel + 8)
    if encoding in {6, 16, -307}:  # 7.7.6: a length before the data
        length = number(content, at, 4)
        return None if length is None else 4 + length
    if encoding == 50:
        length = number(content, at, 4)
        return None if length is None else 8 + length
    if encoding == -308:
        screens = number(content, at, 1)
        return None if screens is None else 4 + 16 * screens
    if encoding in {7, -260}:
        return _tight(content, at, found, pixel)
    raise LostError(f"the length of {found.name} cannot be known")


def _tight(content: bytes, at: int, found: Rectangle, pixel: int) -> int | None:
    begin = at
    control = number(content, at, 1)
    if control is None:
        return None
    at += 1
    # Pixels of 32 bits with 24 of colour go as three bytes.
    colour = 3 if pixel == 4 else pixel
    kind = control >> 4
    if kind == 8:
        return 1 + colour
    if kind in {9, 10}:
        return _compact(content, at, begin)
    if kind > 10:
        raise LostError("no compression of Tight")
    size = found.width * found.height * colour
    if kind & 4:
        choice = number(content, at, 1)
        if choice is None:
            return None
        at += 1
        if choice == 1:
            colours = number(content, at, 1)
            if colours is None:
                return None
            at += 1 + (colours + 1) * colour
            wide = colours + 1 > 2
            size = found.height * (found.width if wide else (found.width + 7) // 8)
        elif choice > 2:
            raise LostError("no filter of Tight")
    # Fewer than twelve bytes are not compressed and have no length.
    return at + size - begin if size < 12 else _compact(content, at, begin)


def _compact(content: bytes, at: int, begin: int) -> int | None:
    length = 0
    for index in range(3):
        byte = number(content, at, 1)
        if byte is None:
            return None
        at += 1
        length |= (byte & (127 if index < 2 else 255)) << 7 * index
        if byte < 128 or index == 2:
            break
    return at + length - begin


def tile_length(content: bytes, at: int, width: int, height: int, pixel: int) -> int | None:
    """7.7.4: a tile of hextile."""
    kind = number(content, at, 1)
    if kind is None:
        return None
    if kind & 1:
        return 1 + width * height * pixel
    length = 1 + (pixel if kind & 2 else 0) + (pixel if kind & 4 else 0)
    if kind & 8:
        count = number(content, at + length, 1)
        if count is None:
            return None
        length += 1 + count * (2 + (pixel if kind & 16 else 0))
    return length


CLIENT_FIXED = {0: 20, 3: 10, 4: 8, 5: 6, 150: 10, 250: 4}


def client_length(content: bytes, at: int) -> int | None:
    """7.5: a message of the client."""
    kind = content[at]
    if kind in CLIENT_FIXED:
        return CLIENT_FIXED[kind]
    if kind == 2:
        count = number(content, at + 2, 2)
        return None if count is None else 4 + 4 * count
    if kind == 6:
        return _cut_text(content, at)
    if kind == 248:
        return _fence(content, at)
    if kind == 251:
        screens = number(content, at + 6, 1)
        return None if screens is None else 8 + 16 * screens
    if kind == 255:
        sub = number(content, at + 1, 1)
        if sub is None:
            return None
        if sub == 0:
            return 12
    raise LostError("no message of an RFB client")


def server_length(content: bytes, at: int) -> int | None:
    """7.6: a message of the server; of an update only its header."""
    kind = content[at]
    fixed = {0: 4, 2: 1, 150: 1, 250: 4}
    if kind in fixed:
        return fixed[kind]
    if kind == 1:
        count = number(content, at + 4, 2)
        return None if count is None else 6 + 6 * count
    if kind == 3:
        return _cut_text(content, at)
    if kind == 248:
        return _fence(content, at)
    raise LostError("no message of an RFB server")


def _cut_text(content: bytes, at: int) -> int | None:
    # A negative length is that of the extended clipboard.
    length = number(content, at + 4, 4, signed=True)
    return None if length is None else 8 + abs(length)


def _fence(content: bytes, at: int) -> int | None:
    length = number(content, at + 8, 1)
    return None if length is None else 9 + length
