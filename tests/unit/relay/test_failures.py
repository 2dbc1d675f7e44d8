"""A bug of the proxy's own: said in one line, the connection reset, and nobody else's traffic cut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.support.fakes import FakeClock, FakeRecorder, connection
from tests.unit.relay.test_lane import Chain, Interceptor, Scene, settle, text
from wsproxy.faults.steps import Send, Step
from wsproxy.model.batches import Batch
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import ConnectionRecord, Direction, End
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.relay.journal import DRAIN_SECONDS, FLUSH_SECONDS, Journal

DOWN = Direction.DOWNSTREAM
LINE = "the downstream lane of #1 failed: ZeroDivisionError('a bug')"


def bug(*_: object, **__: object) -> list[Step]:
    raise ZeroDivisionError("a bug")


def assert_reset(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """One line, both peers are cut off, and the record says by whom."""
    [record] = [r for r in caplog.records if r.levelname == "ERROR"]
    assert record.getMessage() == LINE
    assert record.exc_info is not None and isinstance(record.exc_info[1], ZeroDivisionError)
    assert scene.client.events == scene.server.events == ["reset"]
    budget = scene.session.lanes[DOWN].parts.budget
    for direction in Direction:
        scene.session.connection_lost(direction, None)
    assert scene.session.connection.end == End("aborted", "wsproxy", None, "reset")
    assert budget.held == 0


def changing(in_flight: InFlightMessage) -> None:
    in_flight.change(b"new", "test")


async def test_in_the_encoder(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(Interceptor(changing))
    monkeypatch.setattr(scene.session.lanes[DOWN].parts.encoder, "encode", bug)
    await scene.server_sends(text(b"one") + text(b"two") + text(b"three")[:2])
    assert_reset(scene, caplog)
    await scene.server_sends(text(b"what still comes goes nowhere"))
    assert scene.got == b""


async def test_in_the_encoder_after_somebody_was_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def handle(in_flight: InFlightMessage) -> None:
        await asyncio.sleep(0)
        changing(in_flight)

    scene = Scene(Interceptor(handle))
    monkeypatch.setattr(scene.session.lanes[DOWN].parts.encoder, "encode", bug)
    await scene.server_sends(text(b"one") + text(b"two"))
    assert_reset(scene, caplog)


async def test_in_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(chain=Chain(bug))
    await scene.server_sends(text(b"one"))
    assert_reset(scene, caplog)


async def test_in_a_fault_that_shapes_frames(caplog: pytest.LogCaptureFixture) -> None:
    def passed(in_flight: InFlightMessage) -> list[Step]:
        step = Send(in_flight)
        step.shape = bug
        return [step]

    scene = Scene(chain=Chain(passed))
    await scene.server_sends(text(b"one"))
    assert_reset(scene, caplog)


async def test_in_a_fault_that_strikes_at_its_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chain = Chain(lambda in_flight: [Send(in_flight)])
    monkeypatch.setattr(chain, "next_time", lambda: 1001.0)
    monkeypatch.setattr(chain, "tick", bug)
    scene = Scene(chain=chain)
    await scene.server_sends(text(b"one"))
    assert scene.got == text(b"one")
    scene.clock.advance(1.0)
    assert_reset(scene, caplog)


async def test_in_a_fault_at_the_end_of_the_stream(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chain = Chain(lambda in_flight: [Send(in_flight)])
    monkeypatch.setattr(chain, "ended", bug)
    scene = Scene(chain=chain)
    scene.session.eof_received(DOWN)
    await settle()
    assert_reset(scene, caplog)


@pytest.mark.parametrize("late", [False, True])
async def test_in_an_interceptor_it_is_no_end(late: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def after_a_while(_: InFlightMessage) -> None:
        await asyncio.sleep(0)
        bug()

    handle: Callable[[InFlightMessage], None] = bug  # type: ignore[assignment]
    scene = Scene(Interceptor(after_a_while if late else handle))
    await scene.server_sends(text(b"all the same"))
    assert scene.got == text(b"all the same")
    [record] = caplog.records
    assert record.exc_info is not None and isinstance(record.exc_info[1], ZeroDivisionError)
    assert "Interceptor" in record.getMessage()
    scene.session.lanes[DOWN].abandon()


class Blind:
    """A Watcher that fails."""

    def connection_changed(self, connection: ConnectionRecord) -> None:
        bug()

    def passed(self, batch: Batch) -> None:
        bug()


def test_in_a_watcher_nothing_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    clock, recorder = FakeClock(), FakeRecorder()
    journal = Journal(clock, recorder, [Blind()])
    for _ in range(2):
        journal.wake()
        journal.chunks.append((StreamDecoder(1, DOWN), 1.0, make_frame(1, b"a").wire))
        clock.advance(DRAIN_SECONDS)
        clock.advance(FLUSH_SECONDS)
    journal.connection_changed(connection())
    assert len(recorder.taken()[0]) == 2
    assert recorder.ends == [None]
    assert [record.getMessage() for record in caplog.records] == 3 * [
        "Blind, which looks on, failed: ZeroDivisionError('a bug')"
    ]


def test_what_is_called_in_the_journal_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A connection whose end goes wrong: the frames of others are recorded all the same."""
    clock, recorder = FakeClock(), FakeRecorder()
    journal = Journal(clock, recorder)
    first, second = StreamDecoder(1, DOWN), StreamDecoder(2, DOWN)
    journal.wake()
    end: Callable[[], None] = bug  # type: ignore[assignment]
    journal.chunks += [
        (first, 1.0, make_frame(1, b"a").wire),
        (None, 0.0, end),
        (second, 1.0, make_frame(1, b"b").wire),
    ]
    clock.advance(DRAIN_SECONDS)
    clock.advance(FLUSH_SECONDS)
    assert [r.connection_id for r in recorder.taken()[0]] == [1, 2]
    assert "ZeroDivisionError" in caplog.text
