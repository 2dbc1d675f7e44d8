from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from mitmproxy import http
from mitmproxy.test import tflow
from mitmproxy.websocket import WebSocketMessage

from wsproxy.addonhost import history as module
from wsproxy.addonhost.history import SPILLED, Histories, History


@pytest.fixture
def flow() -> http.HTTPFlow:
    return new_flow()


def new_flow() -> http.HTTPFlow:
    flow = tflow.twebsocketflow()
    assert flow.websocket is not None
    flow.websocket.messages = []
    return flow


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    options = SimpleNamespace(wsproxy_websocket_history=10, save_stream_file=None)
    monkeypatch.setattr(module, "ctx", SimpleNamespace(options=options))
    yield options
    SPILLED.clear()


def fill(history: History, count: int, size: int = 1) -> None:
    for number in range(count):
        history.append(WebSocketMessage(1, True, (b"%d" % number).ljust(size)))


def kept(flow: http.HTTPFlow) -> list[bytes]:
    assert flow.websocket is not None
    return [message.content.strip() for message in flow.websocket.messages]


def test_the_newest_stay(options: SimpleNamespace, flow: http.HTTPFlow) -> None:
    fill(History(flow), 25)
    assert len(kept(flow)) <= 10
    assert kept(flow)[-1] == b"24"
    assert kept(flow) == [b"%d" % n for n in range(25 - len(kept(flow)), 25)]


def test_zero_keeps_all(options: SimpleNamespace, flow: http.HTTPFlow) -> None:
    options.wsproxy_websocket_history = 0
    fill(History(flow, max_bytes=10), 100, 100)
    assert len(kept(flow)) == 100


def test_many_bytes_are_too_many(options: SimpleNamespace, flow: http.HTTPFlow) -> None:
    fill(History(flow, max_bytes=350), 8, 100)
    assert kept(flow) == [b"5", b"6", b"7"]


def test_the_message_at_hand_always_stays(options: SimpleNamespace, flow: http.HTTPFlow) -> None:
    fill(History(flow, max_bytes=10), 3, 100)
    assert kept(flow) == [b"2"]


def test_what_an_addon_trimmed_counts_no_more(
    options: SimpleNamespace, flow: http.HTTPFlow
) -> None:
    history = History(flow, max_bytes=350)
    for _ in range(5):
        fill(history, 3, 100)
        assert flow.websocket is not None
        flow.websocket.messages.clear()
    fill(history, 3, 100)
    assert kept(flow) == [b"0", b"1", b"2"]


def test_many_flows_share_what_all_may_keep(options: SimpleNamespace) -> None:
    together = Histories(1000)
    flows = [new_flow() for _ in range(5)]
    histories = [History(flow, together) for flow in flows]
    for flow, history in zip(flows, histories, strict=True):
        fill(history, 8, 100)
        assert kept(flow)[-1] == b"7"
        assert sum(len(kept(flow)) for flow in flows) <= 10
    assert all(kept(flow) for flow in flows)
    for history in histories:
        history.close()
    assert together.bytes == 0


def test_newest_messages_stay_though_they_are_more_than_all_may_keep(
    options: SimpleNamespace,
) -> None:
    together = Histories(100)
    flows = [new_flow() for _ in range(5)]
    for flow in flows:
        fill(History(flow, together), 3, 1000)
    assert [kept(flow) for flow in flows] == [[b"2"]] * 5
    assert together.bytes == 5000


@pytest.mark.parametrize("saved", [True, False])
def test_what_is_dropped_waits_only_if_it_is_to_be_saved(
    saved: bool, options: SimpleNamespace, flow: http.HTTPFlow
) -> None:
    options.save_stream_file = "somewhere" if saved else None
    history = History(flow)
    fill(history, 25)
    aside = [message.content for message in history.spilled()]
    assert aside + kept(flow) == [b"%d" % n for n in range(25)] if saved else not aside
    assert (flow.id in SPILLED) == saved
    history.close()
    assert flow.id not in SPILLED
