"""`wsproxy show` says what its filter could not look at."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from tests.support.big import START
from tests.support.recording import Recording
from wsproxy.cli import cli
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder


def test_what_was_cut_is_not_silently_no_match(tmp_path: Path) -> None:
    path = tmp_path / "c.wsproxy"
    recording = Recording(path)
    recording.connection_changed(ConnectionRecord(1, START, "c:1", "ws://up", "/", [], 101))
    decoder = StreamDecoder(1, Direction.DOWNSTREAM, max_payload=20)
    for content in (b"x" * 50 + b"needle", b"needle" + b"x" * 50, b"short"):
        recording.journal.chunks.append((decoder, START, make_frame(1, content).wire))
    recording.close()
    found = CliRunner().invoke(cli, ["show", str(path), "--filter", "needle"])
    assert found.exit_code == 0
    assert len(found.stdout.splitlines()) == 1
    assert "1 frames are recorded in part only" in found.stderr
    found = CliRunner().invoke(cli, ["show", str(path), "--filter", "~ping"])
    assert "recorded in part" not in found.stderr
