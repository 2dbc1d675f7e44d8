"""What nobody changes passes byte for byte, and the record reproduces it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.framedecoder import FrameDecoder
from tests.support.raw import LOOPS, Conn, ProxyStage, Recorded, both_loops, staged, until
from tests.support.raw_bytes import MASKING_KEY, frame, switching, upgrade
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import encode_header
from wsproxy.relay.interfaces import Interception, Interceptor, LiveConnection

UP, DOWN = Direction

FIRST_BYTES = st.integers(0, 255)  # every reserved bit and opcode
LENGTH_BITS = st.sampled_from([7, 16, 64])
PAYLOADS = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=20).map(str.encode),
    st.sampled_from([125, 126, 65535, 65536]).map(lambda size: b"\xc3" * size),
)
KEYS = st.one_of(st.just(MASKING_KEY), st.binary(min_size=4, max_size=4))
SIZES = st.lists(st.integers(1, 300), min_size=1, max_size=8)


@st.composite
def good_frames(draw: st.DrawFn, direction: Direction) -> bytes:
    """A text or binary message in good order: the relay's fast path."""
    return frame(draw(st.sampled_from([1, 2])), draw(PAYLOADS), mask=direction is UP)


@st.composite
def closes(draw: st.DrawFn, direction: Direction) -> bytes:
    return frame(8, draw(st.binary(max_size=10)), mask=direction is UP)


@st.composite
def odd_frames(draw: st.DrawFn) -> bytes:
    """Any frame: reserved bits, orphans, overlong lengths, wrong masks, huge control frames."""
    payload, bits = draw(PAYLOADS), draw(LENGTH_BITS)
    key = draw(st.none() | KEYS)
    if len(payload) > {7: 125, 16: 65535, 64: 2**64}[bits]:
        bits = 64
    header = encode_header(draw(FIRST_BYTES), len(payload), key, length_bits=bits)
    return header + payload  # it counts for masked as it is


@st.composite
def cut_frames(draw: st.DrawFn) -> bytes:
    """A frame that the end of the stream cuts off, in its header or in its payload."""
    length = draw(st.sampled_from([50, 70_000, 2**31, 2**63, 2**64 - 1]))
    whole = encode_header(draw(FIRST_BYTES), length, draw(st.none() | KEYS)) + b"cut off"
    return whole[: draw(st.integers(0, len(whole)))]


def streams(direction: Direction) -> st.SearchStrategy[bytes]:
    """What one side says, from beginning to end."""
    one = st.one_of(good_frames(direction), odd_frames(), closes(direction))
    return st.builds(
        lambda frames, last: b"".join(frames) + last,
        st.lists(one, max_size=6),
        st.just(b"") | cut_frames(),
    )


class Conversation(NamedTuple):
    """What each side says, and in pieces of what sizes."""

    up: bytes
    down: bytes
    up_sizes: list[int]
    down_sizes: list[int]

    def __repr__(self) -> str:
        said = (f"{len(data)} bytes {data[:200].hex()}" for data in (self.up, self.down))
        return f"<up {', down '.join(said)}, in {self.up_sizes}, {self.down_sizes}>"


CONVERSATIONS = st.tuples(streams(UP), streams(DOWN), SIZES, SIZES).map(Conversation._make)


class LookOn:
    """An addon that may change everything and changes nothing: every message is held for it."""

    def attach(self, live: LiveConnection) -> Interceptor:
        return self

    def wants(self, direction: Direction) -> bool:
        return True

    async def handle(self, in_flight: InFlightMessage) -> None:
        await asyncio.sleep(0)

    def ended(self) -> None:
        pass


INTERCEPTIONS: dict[str, list[Interception]] = {"unseen": [], "held": [LookOn()]}


class Scene:
    """A proxy that lasts for many examples, and its event loop."""

    def __init__(self, runner: asyncio.Runner, stage: ProxyStage, *, held: bool) -> None:
        self.runner = runner
        self.held = held
        self.stage = stage
        self.count = 0

    async def play(self, conversations: list[Conversation]) -> None:
        """All of them at once: everybody says everything, and hears nothing else."""
        peers = [await self.stage.upgraded() for _ in conversations]
        async with asyncio.TaskGroup() as group:
            for (client, server), told in zip(peers, conversations, strict=True):
                group.create_task(say(client, told.up, told.up_sizes))
                group.create_task(say(server, told.down, told.down_sizes))
                group.create_task(hears(client, told.down, self.held))
                group.create_task(hears(server, told.up, self.held))
        for told in conversations:
            self.count += 1
            record = await self._recorded(self.count)
            assert record.wire(UP) == told.up
            assert record.wire(DOWN) == told.down

    async def _recorded(self, number: int) -> Recorded:
        path = self.stage.proxy.capture
        await until(lambda: (found := Recorded.find(path, number)) and found.connection.end)
        return Recorded.read(path, number)


async def say(speaker: Conn, data: bytes, sizes: list[int]) -> None:
    await speaker.send_pieces(data, sizes)
    speaker.finish()


async def hears(listener: Conn, data: bytes, held: bool) -> None:
    heard = await listener.rest()
    # A held message goes on when it is whole, and a ping between its fragments does not wait.
    assert heard == data or (held and sorted_out(heard) == sorted_out(data))


def sorted_out(data: bytes) -> list[list[bytes]]:
    """Data frames and control frames, each in their order."""
    decoder = FrameDecoder()
    frames = decoder.feed(data)
    rest = decoder.eof()
    frames += [rest] if rest else []
    return [[f.wire for f in frames if f.is_control is control] for control in (False, True)]


@pytest.fixture(scope="module", params=product(LOOPS, INTERCEPTIONS), ids="-".join)
def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    loop_name, way = request.param
    path = tmp_path_factory.mktemp("verbatim") / "c.wsproxy"
    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        stack = AsyncExitStack()
        stage = staged(capture=path, interceptions=INTERCEPTIONS[way])
        yield Scene(runner, runner.run(stack.enter_async_context(stage)), held=way == "held")
        runner.run(stack.aclose())


@given(conversations=st.lists(CONVERSATIONS, min_size=1, max_size=4))
@settings(
    max_examples=30,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_bytes_pass_and_are_recorded(scene: Scene, conversations: list[Conversation]) -> None:
    scene.runner.run(scene.play(conversations))


@both_loops
@pytest.mark.parametrize(
    "wire",
    [
        pytest.param("89", id="half a header"),
        pytest.param("8985 37fa213d 0102", id="half a ping"),
        pytest.param("0181 37fa213d 01  89", id="half a header inside a message"),
        pytest.param("0181 37fa213d 01  8880 37fa213d", id="Close inside a message"),
    ],
)
async def test_what_is_held_ends_as_it_came(wire: str) -> None:
    async with staged(interceptions=[LookOn()]) as stage:
        client, server = await stage.upgraded()
        client.writer.write(bytes.fromhex(wire))
        client.finish()
        assert (await server.rest()).hex() == bytes.fromhex(wire).hex()


@both_loops
async def test_a_frame_is_recorded_as_it_passes_however_wrong(tmp_path: Path) -> None:
    """Not when more has come: what is wrong with a frame must not hold it back."""
    wrong_up, wrong_down = frame(1, b"unmasked"), frame(1, b"masked", mask=True)
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        await client.send(wrong_up)
        assert await server.read(len(wrong_up)) == wrong_up
        await server.send(wrong_down)
        assert await client.read(len(wrong_down)) == wrong_down
        path = stage.proxy.capture
        record = await until(
            lambda: (found := Recorded.find(path)) and len(found.frames) == 2 and found
        )
        assert record
        assert [[v.rule for v in r.violations] for r in record.frames] == [
            ["unmasked-client-frame"],
            ["masked-server-frame"],
        ]


PIECE = 256 * 1024
PIECES = 256


@both_loops
@pytest.mark.parametrize("way", INTERCEPTIONS)
@pytest.mark.parametrize("direction", Direction)
async def test_a_large_message_passes_whole_and_is_recorded_cut(
    tmp_path: Path, direction: Direction, way: str
) -> None:
    size, kept = PIECE * PIECES, 1000
    key = MASKING_KEY if direction is UP else None
    header = encode_header(0x82, size, key)
    path = tmp_path / "c.wsproxy"
    async with staged(capture=path, max_payload=kept, interceptions=INTERCEPTIONS[way]) as stage:
        peers = await stage.upgraded()
        speaker, listener = peers[direction], peers[1 - direction]
        sent, heard = hashlib.sha256(header), hashlib.sha256()

        async def speak() -> None:
            await speaker.send(header)
            for number in range(PIECES):
                piece = number.to_bytes(4, "big") * (PIECE // 4)
                sent.update(piece)
                await speaker.send(piece)
            speaker.close()

        async def listen() -> None:
            while piece := await listener.reader.read(PIECE):
                heard.update(piece)
            listener.close()

        await asyncio.gather(speak(), listen())
        assert heard.hexdigest() == sent.hexdigest()
        (record,) = (await stage.recorded()).frames
    assert (record.frame.payload_length, record.frame.received) == (size, size)
    assert len(record.frame.payload) == kept
    assert record.frame.payload_cut
    assert sum(file.stat().st_size for file in path.iterdir()) < 1_000_000


@both_loops
@pytest.mark.parametrize("size", [20, 5_000_000])
async def test_what_comes_with_a_handshake_is_not_lost(tmp_path: Path, size: int) -> None:
    early_up, early_down = frame(2, b"u" * size, mask=True), frame(2, b"d" * size)
    async with staged(capture=tmp_path / "c.wsproxy", max_payload=size) as stage:
        client = await stage.connect()
        client.writer.write(upgrade() + early_up)
        server = await stage.accept()
        await server.head()
        server.writer.write(switching() + early_down)
        assert (await client.head()).status == 101
        assert await client.read(len(early_down)) == early_down
        assert await server.read(len(early_up)) == early_up
        client.close()
        server.close()
        record = await stage.recorded()
    assert record.wire(UP) == early_up
    assert record.wire(DOWN) == early_down
