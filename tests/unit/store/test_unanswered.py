"""`~unanswered`: found in the capture, also while it is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.big import StillClock
from tests.support.command import run
from tests.support.recording import Recording
from wsproxy.errors import FaultError
from wsproxy.faults.control import FaultSet
from wsproxy.filters.language import FilterError, parse
from wsproxy.model.queries import Query
from wsproxy.model.records import ConnectionRecord, Direction, End
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.store.browser import CaptureBrowser

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


class Talk:
    """JSON-RPC on one connection, with the times that a test wants."""

    def __init__(self, path: Path) -> None:
        self.recorder = Recording(path, clock=StillClock(), call_soon=lambda _: None)  # type: ignore[arg-type]
        self.connection = ConnectionRecord(1, 100.0, "c:1", "ws://up", "/", [], 101)
        self.recorder.connection_changed(self.connection)
        self._decoders = {way: StreamDecoder(1, way) for way in Direction}

    def ask(self, number: int, time: float) -> None:
        self._say(UP, time, {"jsonrpc": "2.0", "id": number, "method": "get"})

    def answer(self, number: int, time: float) -> None:
        self._say(DOWN, time, {"jsonrpc": "2.0", "id": number, "result": number})

    def end(self) -> None:
        self.connection.closed, self.connection.end = 200.0, End("closed", "client", 1000)
        self.recorder.connection_changed(self.connection)

    def _say(self, way: Direction, time: float, value: object) -> None:
        frame = make_frame(1, json.dumps(value).encode()).wire
        self.recorder.journal.chunks.append((self._decoders[way], time, frame))


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path / "c")


def found(browser: CaptureBrowser, text: str) -> list[int]:
    return [row.id for row in browser.page(Query(filter=text)).rows]


def test_what_waits_is_found_as_time_goes_on(talk: Talk, tmp_path: Path) -> None:
    now = [101.0]
    for number in (1, 2, 3):
        talk.ask(number, 100.0 + number / 10)
    talk.answer(1, 100.5)
    talk.recorder.flush()
    talk.recorder.recorder.close()  # written
    browser = CaptureBrowser(tmp_path / "c", now=lambda: now[0])
    assert found(browser, "~unanswered 5s") == []
    assert found(browser, "~kind get & ! ~unanswered 5s") == [1, 2, 3]
    assert found(browser, "~unanswered 300ms") == [1, 2, 3]
    now[0] = 105.25
    assert found(browser, "~unanswered 5s") == [2]
    now[0] = 105.35
    assert found(browser, "~unanswered 5s & ~kind get") == [2, 3]
    assert found(browser, "~kind get & ! ~unanswered 5s") == [1]
    browser.close()


def test_late_answers_and_ends_count(talk: Talk, tmp_path: Path) -> None:
    talk.ask(1, 100.0)
    talk.answer(1, 106.0)
    talk.ask(2, 107.0)
    talk.answer(2, 107.1)
    talk.ask(3, 108.0)
    talk.end()
    talk.recorder.close()
    browser = CaptureBrowser(tmp_path / "c", now=lambda: 109.0)
    assert found(browser, "~unanswered 5s") == [1, 5]
    browser.close()
    shown = run("show", tmp_path / "c", "--filter", "~unanswered 5s")
    assert [line.split("fin")[1].split()[1:3] for line in shown.stdout.splitlines()] == [
        ["1", "get"],
        ["3", "get"],
    ]


def test_an_export_decodes_for_its_filter(talk: Talk, tmp_path: Path) -> None:
    talk.ask(1, 100.0)
    talk.answer(1, 100.1)
    talk.ask(2, 101.0)
    talk.end()
    talk.recorder.close()

    def exported(form: str, *options: str) -> str:
        done = run("export", tmp_path / "c", "--format", form, "-o", "-", *options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    frames = [
        json.loads(line) for line in exported("jsonl", "--filter", "~kind result").split("\n")[:-1]
    ]
    assert [one["id"] for one in frames if one["event"] == "frame"] == [2]
    har = json.loads(exported("har", "--filter", "~unanswered 5s"))
    (entry,) = har["log"]["entries"]
    assert [json.loads(one["data"])["id"] for one in entry["_webSocketMessages"]] == [2]
    assert (
        json.loads(exported("har", "--filter", "~kind get", "--decode", "-"))["log"]["entries"]
        == []
    )


def test_what_passes_now_cannot_be_asked_for_it() -> None:
    faults = FaultSet(1, lambda: 0.0)
    with pytest.raises(FaultError, match="match: ~unanswered finds what was recorded"):
        faults.add({"type": "drop", "match": "~up & ~unanswered 5s"})


def test_it_explains_itself() -> None:
    assert parse("~unanswered 5s").explain() == "a request that had no answer within 5s"
    with pytest.raises(FilterError, match="~unanswered: 5 lacks its unit"):
        parse("~unanswered 5")
    with pytest.raises(FilterError, match="lacks its value"):
        parse("~unanswered")
