"""What the API says of a search beside its rows."""

from __future__ import annotations

from tests.support.rig import running


async def test_a_search_says_how_many_frames_it_saw_in_part_only() -> None:
    async with running() as rig, rig.client() as client:
        await client.send("x" * (2 << 20))  # more than is recorded of a payload
        await client.recv()
        await client.send("x")
        await client.recv()
        await rig.rows(4)
        found = [await rig.get("/frames", filter=words) for words in ("~b x", "~up", "")]
    assert [page["cut"] for page in found] == [2, 0, 0]
