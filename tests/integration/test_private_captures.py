"""Private captures: a proxy that was killed leaves one behind; the next start removes it."""

from __future__ import annotations

from pathlib import Path

from tests.support.command import piped


def private(temporary: Path) -> list[Path]:
    return sorted(path.parent for path in temporary.glob("wsproxy-private-*/capture.wsproxy"))


def test_the_next_start_removes_what_a_killed_proxy_left_and_no_other(tmp_path: Path) -> None:
    command = ("run", "ws://127.0.0.1:9", "-p", "0", "--no-web")
    options = {"env": {"TMPDIR": str(tmp_path)}}
    with piped(*command, **options) as alive:
        alive.ready()
        (owned,) = private(tmp_path)
        with piped(*command, **options) as killed:
            killed.ready()
            (left,) = set(private(tmp_path)) - {owned}
            killed.process.kill()
            killed.process.wait()
        assert private(tmp_path) == sorted([owned, left])
        with piped(*command, **options) as third:
            third.ready()
            assert left not in private(tmp_path)
            assert owned in private(tmp_path)
            assert third.finish() == 0
        assert private(tmp_path) == [owned]
        assert alive.finish() == 0
    assert private(tmp_path) == []
