"""Rows and details as the API shows them."""

from __future__ import annotations

import base64

import pytest

from wsproxy.errors import Side
from wsproxy.faults.registry import FAULT_TYPES, strike_mark
from wsproxy.filters.language import parse
from wsproxy.model.queries import Seen
from wsproxy.model.records import (
    ConnectionRecord,
    Direction,
    End,
    FaultRecord,
    FrameRecord,
    MessageRecord,
)
from wsproxy.protocol.frames import Frame, make_frame
from wsproxy.protocol.lint import violation
from wsproxy.web.rows import SHOWN, connection_summary, frame_detail, marks, row_object

UP = Direction.UPSTREAM


def seen(frame: Frame, message: MessageRecord | None = None, **more: object) -> Seen:
    number = None if frame.is_control else 1
    record = FrameRecord(1, UP, 5.0, frame, number, **{"violations": (), **more})  # type: ignore[arg-type]
    return Seen(9, record, message)


@pytest.mark.parametrize(
    ("frame", "preview"),
    [
        (make_frame(1, "grüße <b>".encode()), "grüße <b>"),
        (make_frame(1, b"\x1b[31m\xff"), "\\x1b[31m\\xff"),
        (make_frame(1, "\u202eevil".encode()), "\\u202eevil"),
        (make_frame(2, b"\x00\x01"), "<0001>"),
        (make_frame(8, b"\x03\xe8bye"), "1000 normal: bye"),
        (make_frame(8, b""), ""),
        (make_frame(9, b"beat"), "beat"),
        (make_frame(1, b"x" * 500), "x" * 160 + "…"),
    ],
)
def test_previews(frame: Frame, preview: str) -> None:
    assert row_object(seen(frame))["preview"] == preview


def test_marks() -> None:
    dropped = MessageRecord(1, UP, 1, 5.0, 1, b"x", 1, 1, verdict="dropped")
    slow = FaultRecord(1, UP, 5.0, "slow", "latency", 1)
    wrong = violation("rsv-bits", "RSV2 set", Side.CLIENT)
    frame = make_frame(1, b"x")
    assert marks(seen(frame)) == []
    assert marks(seen(frame, dropped)) == ["dropped"]
    assert marks(seen(frame)._replace(faults=(slow,))) == ["delayed"]
    assert marks(seen(frame, violations=(wrong,))) == ["violation"]
    assert marks(seen(frame, origin="page")) == ["injected"]


def test_a_large_payload_is_cut_in_the_details() -> None:
    detail = frame_detail(seen(make_frame(2, bytes(SHOWN + 5), masking_key=b"\x01\x02\x03\x04")))
    assert detail["payload"]["recorded"] == SHOWN + 5
    assert len(base64.b64decode(detail["payload"]["base64"])) == SHOWN
    assert detail["masking_key"] == "01020304"
    assert detail["header"].startswith("82ff")


@pytest.mark.parametrize(
    ("end", "status", "state"),
    [
        (None, None, "opening"),
        (None, 101, "open"),
        (End("closed", "client", 1000), 101, "closed"),
        (End("refused", "server", 403), 403, "refused"),
    ],
)
def test_states(end: End | None, status: int | None, state: str) -> None:
    connection = ConnectionRecord(1, 0.0, "c", "ws://up", "/", [], status, end=end)
    assert connection_summary(connection, None)["state"] == state


def test_every_mark_is_a_word_of_filters() -> None:
    verdicts = {"changed", "dropped", "injected"}
    strikes = {strike_mark(FaultRecord(1, UP, 5.0, name, name, 1)) for name in FAULT_TYPES}
    for mark in verdicts | strikes | {"violation"}:
        parse(f"~{mark}")
