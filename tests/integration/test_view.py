"""`wsproxy view`: the API that reads is there for a capture of any form, what steers is not."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.captured import DOWN, UP, Peers, conversation
from wsproxy.captures.making import make_capture
from wsproxy.captures.opening import any_capture
from wsproxy.captures.opening import opened as open_capture
from wsproxy.cli.viewer import Viewer
from wsproxy.formats.registry import EXPORTS, FORMS
from wsproxy.formats.selection import EVERYTHING
from wsproxy.web.server import API_ROUTES, READING_ROUTES

WSPROXY = [sys.executable, "-m", "wsproxy"]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("view") / "c.wsproxy"
    make_capture(path, Peers(conversation()).say(UP, "hello").say(DOWN, "world").items)
    return path


@contextmanager
def viewing(path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The page's URL and the process."""
    arguments = [*WSPROXY, "view", str(path), "--web-port", "0", "--web-token", "T"]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.fullmatch(r"wsproxy shows .+ at (http://127.0.0.1:\d+)/\?token=T\n", line)
            assert found, line + process.communicate()[1]
            yield found[1], process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


async def ask(url: str, method: str, path: str, **options: Any) -> tuple[int, Any]:
    headers = {"Authorization": "Bearer T"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{url}/api/v1{path}", **options) as response,
    ):
        return response.status, await response.json(content_type=None)


@pytest.mark.parametrize("form", ["capture", *EXPORTS[: EXPORTS.index("python")], "zip"])
async def test_every_form_can_be_viewed(capture: Path, form: str, tmp_path: Path) -> None:
    path = capture
    if form != "capture":
        path = tmp_path / "exported"  # told by its content
        with open_capture(capture) as reader, path.open("wb") as file:
            FORMS[form].write()(reader, file, EVERYTHING)
    with any_capture(path) as found:
        viewer = Viewer(found, path.name, port=0, token="T")
        await viewer.start()
        url = viewer.page_url.partition("/?")[0]
        status, page = await ask(url, "GET", "/messages")
        assert (status, [row["preview"] for row in page["rows"]]) == (200, ["hello", "world"])
        status, told = await ask(url, "GET", "/status")
        assert (told["steers"], told["upstream"], told["frames"]) == (False, path.name, 2)
        await viewer.stop()


async def test_what_steers_is_not_there_and_notes_are(capture: Path) -> None:
    with viewing(capture) as (url, _):
        for route in (route for route in API_ROUTES if route not in READING_ROUTES):
            path = re.sub(r"{\w+}", "1", route.path)
            status, answer = await ask(url, route.method, path, json={})
            assert status in (404, 405), route
            assert answer["error"]["code"] in ("not_found", "method_not_allowed")
        _, description = await ask(url, "GET", "/openapi.json")
        assert "/api/v1/faults" not in description["paths"]
        status, _ = await ask(url, "PATCH", "/connections/1/note", json={"note": "later"})
        assert status == 200
    with viewing(capture) as (url, process):
        status, found = await ask(url, "GET", "/connections/1")
        assert (status, found["note"]) == (200, "later")
    assert process.returncode == 0


def test_what_is_no_capture_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"who knows")
    for name in ("x", "missing"):
        done = subprocess.run(
            [*WSPROXY, "view", str(tmp_path / name), "--web-port", "0"],
            check=False, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert done.returncode == 1
        assert re.fullmatch(r"wsproxy: [^\n]+\n", done.stderr)
        assert not done.stdout
