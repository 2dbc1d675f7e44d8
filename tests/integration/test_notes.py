"""Notes and bookmarks over the API and by an addon."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.conversations import HEAR, talk
from tests.support.rig import Rig, running
from tests.support.side_by_side import addon, through
from wsproxy.store.reader import Capture


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


async def test_notes_are_set_found_told_and_removed(rig: Rig) -> None:
    async with rig.client() as client:
        await client.send("hello")
        await client.recv()
        await rig.rows(2)
        message = "/connections/1/messages/downstream/1/note"
        async with rig.session.ws_connect(f"{rig.api}/feed") as feed:
            await feed.send_json({})
            assert (await feed.receive_json())["type"] == "subscribed"
            status, note = await rig.call("PATCH", message, {"marked": True})
            assert (status, note) == (
                200,
                {
                    "connection": 1, "direction": "downstream", "message": 1,
                    "note": "", "marked": True,
                },
            )  # fmt: skip
            async with asyncio.timeout(10):
                while not (batch := await feed.receive_json())["updates"]:
                    pass
            assert batch["updates"] == [note]
        status, note = await rig.call("PATCH", message, {"note": "the <b>answer</b>"})
        assert (note["note"], note["marked"]) == ("the <b>answer</b>", True)
        (row,) = await rig.rows(1, filter="~marked ~note answer")
        assert (row["message"], row["direction"]) == (1, "downstream")
        assert (row["note"], row["marked"]) == ("the <b>answer</b>", True)
        detail = await rig.get(f"/frames/{row['id']}")
        assert detail["note"] == "the <b>answer</b>"
        status, _ = await rig.call("PATCH", "/connections/1/note", {"note": "slow one"})
        assert status == 200
        assert (await rig.get("/connections"))["connections"][0]["note"] == "slow one"
        assert (await rig.get("/connections/1"))["note"] == "slow one"
        assert len(await rig.rows(2, filter="~note slow")) == 2
        listed = await rig.get("/notes")
        assert [(n["message"], n["note"]) for n in listed["notes"]] == [
            (None, "slow one"),
            (1, "the <b>answer</b>"),
        ]
        await rig.call("PATCH", message, {"note": "", "marked": False})
        assert (await rig.get("/notes", offset=1))["total"] == 1
        assert not await rig.rows(0, filter="~marked")


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/connections/1/note", {}, 400, "give note, marked or both"),
        ("/connections/1/note", {"note": 3}, 400, "note must be a string"),
        ("/connections/1/note", {"marked": "yes"}, 400, "marked must be true or false"),
        (
            "/connections/1/note",
            {"note": "x" * 4097},
            400,
            "note must have at most 4096 characters",
        ),
        ("/connections/1/note", {"note": "\ud800"}, 400, "text in the body must be Unicode text"),
        ("/connections/9/note", {"note": "x"}, 404, "there is no such connection"),
        ("/connections/1/messages/upstream/9/note", {"note": "x"}, 404, "there is no such message"),
    ],
)
async def test_what_is_wrong_is_said(
    rig: Rig, path: str, body: object, status: int, says: str
) -> None:
    async with rig.client() as client:
        await client.send("x")
        await client.recv()
    await rig.rows(2)
    found, answer = await rig.call("PATCH", path, data=json.dumps(body), headers=JSON)
    assert (found, answer["error"]["message"]) == (status, says)


JSON = {"Content-Type": "application/json"}


async def test_an_addon_writes_notes(tmp_path: Path) -> None:
    path = tmp_path / "c.wsproxy"
    steps = [step for text in ("plain", "odd", "plain") for step in (text, HEAR)]
    await through("wsproxy", [*addon("notes"), "--capture", str(path)], talk(steps))
    capture = Capture(path)
    (connection,) = capture.connections()
    assert (connection.note, connection.marked) == ("had an odd one", True)
    noted = {(s.note.direction, s.note.message, s.note.text) for s in capture.seen() if s.note}
    assert noted == {(0, 2, "an odd one"), (1, 2, "an odd one")}
    assert all(seen.note.marked for seen in capture.seen() if seen.note)
    capture.close()
