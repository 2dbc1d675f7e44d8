"""Whatever one peer sends, and however much of it: the others go on, and all of it is recorded.

Each flood goes through the real command. What is bounded is memory, counts and order; the times
are generous, against freezes: `scripts/bench` measures how long others wait. A full flood is a
million frames or a gibibyte: `WSPROXY_FLOODS=full scripts/test tests/integration/test_floods.py`.
Without that they are smaller, and some bounds can be missing without a flood that fails: those of a
turn, of a batch, of the backlog and of what the recorder takes. Each has a test in tests/unit.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.support.flooded import PATIENCE, Flooded, flooded, left_out, on_disk, recorded, trimmed
from wsproxy.protocol.frames import make_frame

FULL = os.environ.get("WSPROXY_FLOODS") == "full"
MEMORY = 300e6 if FULL else 150e6
"""Bytes; 60 MB of them are there before."""
FREEZE = 2.0
"""Seconds that an echo on another connection may take, on a machine that does much else."""
TO_STOP = 8.0
"""Seconds; about 2 on a quiet machine, most of them for a client that does not answer Close."""
MASK = b"\x01\x02\x03\x04"
MILLION = 1_000_000


def fragments(count: int) -> bytes:
    first = make_frame(1, b"a", fin=False, masking_key=MASK).wire
    middle = make_frame(0, b"b", fin=False, masking_key=MASK).wire
    return first + middle * (count - 2) + make_frame(0, b"c", masking_key=MASK).wire


def repeated(opcode: int, payload: bytes, count: int) -> bytes:
    return make_frame(opcode, payload, masking_key=MASK).wire * count


def sized(small: int) -> int:
    """How many frames: what is slower to decode shows in fewer of them."""
    return MILLION if FULL else small


FLOODS: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "1-byte texts": (sized(200_000), lambda n: repeated(1, b"a", n)),
    "stray continuations": (sized(80_000), lambda n: repeated(0, b"a", n)),
    "empty pings": (sized(200_000), lambda n: repeated(9, b"", n)),
    "reserved opcodes with reserved bits": (
        sized(80_000),
        lambda n: (bytes([0xF3, 0x81]) + MASK + b"a") * n,
    ),
    "one message of many fragments": (sized(100_000), fragments),
}


async def check(
    proxy: Flooded, capture: Path, frames: int, *, at_once: bool = False, frame_size: int = 0
) -> None:
    """What holds after each flood; `at_once`: it is stopped before all is decoded."""
    await proxy.more_echoes()
    if not at_once:
        async with asyncio.timeout(PATIENCE):
            while recorded(capture) < frames:
                await asyncio.sleep(0.1)
    assert proxy.slowest < FREEZE, f"another connection waited for {proxy.slowest:.1f} s"
    assert proxy.most_memory < MEMORY, f"it took {proxy.most_memory / 1e6:.0f} MB"
    assert await proxy.stop() < TO_STOP
    assert proxy.process.returncode == 0
    # What there was no time for at the end is counted, in bytes of its frames of one size.
    left = left_out(capture) // frame_size if at_once else left_out(capture)
    # One more: the Close frame that the proxy sends where it ends a connection.
    assert frames <= recorded(capture) + left <= frames + 1


@pytest.mark.parametrize("name", FLOODS)
async def test_many_frames(name: str, tmp_path: Path) -> None:
    count, make = FLOODS[name]
    capture = tmp_path / "flood.wsproxy"
    async with flooded(capture) as proxy:
        await proxy.flood([make(count)])
        await check(proxy, capture, count)


async def test_stopping_amid_a_flood(tmp_path: Path) -> None:
    count, make = FLOODS["empty pings"]
    capture = tmp_path / "flood.wsproxy"
    async with flooded(capture) as proxy:
        await proxy.flood([make(2 * count)])
        await check(proxy, capture, 2 * count, at_once=True, frame_size=6)


def inflating(count: int) -> bytes:
    """Messages of a kilobyte, each of which inflates to a mebibyte."""
    deflate = zlib.compressobj(9, wbits=-15)
    packed = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return make_frame(2, packed[:-4], rsv1=True, masking_key=MASK).wire * count


async def test_compressed_messages_that_inflate_to_a_mebibyte_each(tmp_path: Path) -> None:
    count = 3000 if FULL else 300
    capture = tmp_path / "flood.wsproxy"
    # All of the contents would outgrow the capture's limit, and the oldest would be dropped.
    async with flooded(capture, "--max-payload", "64KiB") as proxy:
        await proxy.flood([inflating(count)], deflate=True)
        await check(proxy, capture, count)


async def test_contents_far_beyond_the_limit_of_the_capture(tmp_path: Path) -> None:
    count = 3000 if FULL else 100
    limit = 16_000_000
    capture = tmp_path / "flood.wsproxy"
    async with flooded(capture, "--capture-limit", f"{limit // 1_000_000}MB") as proxy:
        await proxy.flood([inflating(count)], deflate=True)
        async with asyncio.timeout(PATIENCE):
            while recorded(capture) + trimmed(capture) < count:
                assert on_disk(capture) < 3 * limit
                await asyncio.sleep(0.05)
        await proxy.more_echoes()
        assert proxy.slowest < FREEZE, f"another connection waited for {proxy.slowest:.1f} s"
        assert proxy.most_memory < MEMORY, f"it took {proxy.most_memory / 1e6:.0f} MB"
        assert on_disk(capture) < 3 * limit
        assert trimmed(capture) > count // 2


def large() -> Iterable[bytes]:
    """One message, far larger than what may be held of it and what may be in memory."""
    size = (1 << 30) if FULL else (160 << 20)
    yield bytes([0x82, 0xFF]) + size.to_bytes(8, "big") + bytes(4)
    yield from itertools.repeat(bytes(1 << 20), size >> 20)


@pytest.mark.parametrize("what", ["latency", "breakpoint", "addon"])
async def test_large_message_that_something_might_hold(what: str, tmp_path: Path) -> None:
    capture = tmp_path / "flood.wsproxy"
    options: tuple[str, ...] = ()
    if what == "latency":
        options = ("--fault", "latency:latency=1ms")
    if what == "addon":
        addon = tmp_path / "looks.py"
        addon.write_text("def websocket_message(flow): flow.websocket.messages[-1].content\n")
        options = ("-s", str(addon))
    async with flooded(capture, *options) as proxy:
        if what == "breakpoint":
            await proxy.call("POST", "/breakpoints", {"filter": "~u sink", "timeout": 60})
        await proxy.flood(large())
        await check(proxy, capture, 1)
