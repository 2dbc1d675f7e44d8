"""Where wsproxy differs from mitmdump on purpose: both sides of each difference.

Their names are those of DIFFERENCES in test_against_mitmdump.py and of docs/mitmproxy.md.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.integration.test_against_mitmdump import DIFFERENCES
from tests.support.conversations import HEAR, echoed, get, talk
from tests.support.side_by_side import BIN, addon, proxy, through, through_both

pytestmark = pytest.mark.skipif(not (BIN / "mitmdump").exists(), reason="mitmdump is not installed")

LONG = "x" + "ü" * 5000


async def test_text_is_never_damaged() -> None:
    mitmdump, wsproxy = await through_both(addon("long_text"), talk(["a", HEAR]))
    assert wsproxy.client[1] == f"{len(LONG)} {LONG[:200]!r}"
    assert mitmdump.client[1] != wsproxy.client[1]


async def test_invalid_text_passes() -> None:
    mitmdump, wsproxy = await through_both(addon("invalid_text"), talk(["break me", HEAR]))
    assert mitmdump.client[1] == f"2 {chr(0xFFFD) * 2!r}"
    # The server's library takes it for what it is, and says so with 1007.
    assert wsproxy.client == ["open", wsproxy.client[1]]
    assert wsproxy.client[1].startswith("closed 1007")
    assert "changed a text message to bytes that are not UTF-8" in wsproxy.output


async def test_kill_closes() -> None:
    steps = [*echoed("one"), "kill", HEAR]
    mitmdump, wsproxy = await through_both(addon("kills_websocket"), talk(steps))
    assert mitmdump.client == ["open", "3 'one'", "4 'kill'", "closed 1000 "]
    assert wsproxy.client == ["open", "3 'one'", "closed 1008 killed by an addon"]
    assert wsproxy.server[-1] == "closed (1008, 'killed by an addon')"
    assert wsproxy.printed == [
        "ADDON 'one'",
        "ADDON 'one'",
        "ADDON 'kill'",
        "ADDON end Connection killed. 1008",
    ]


async def test_an_abort_stays_an_abort() -> None:
    steps = [*echoed("one"), "abort, please", HEAR]
    mitmdump, wsproxy = await through_both(addon("every_hook"), talk(steps))
    assert mitmdump.client[-1] == "closed 1000 "
    assert wsproxy.client[-1] == "closed 1006 "
    assert wsproxy.printed == mitmdump.printed
    assert "ADDON websocket_end <CloseReason.ABNORMAL_CLOSURE: 1006> None" in wsproxy.printed


@pytest.mark.parametrize(("limit", "kept"), [("3", 3), ("0", 20)])
async def test_history_is_bounded(limit: str, kept: int, tmp_path: Path) -> None:
    messages = [str(number) for number in range(10)]
    files = {name: tmp_path / name for name in ("mitmdump", "wsproxy")}
    arguments = [*addon("trims"), "-w"]
    history = ["--set", f"wsproxy_websocket_history={limit}"]
    conversation = talk(echoed(*messages))
    mitmdump, wsproxy = await asyncio.gather(
        through("mitmdump", [*arguments, str(files["mitmdump"])], conversation),
        through("wsproxy", [*arguments, str(files["wsproxy"]), *history], conversation),
    )
    both_ways = [message for message in messages for _ in range(2)]
    assert mitmdump.printed[-1] == f"ADDON end {[repr(m) for m in both_ways]}"
    assert wsproxy.printed[-1] == f"ADDON end {[repr(m) for m in both_ways[-kept:]]}"
    said = wsproxy.output.count("only the newest messages are kept")
    assert said == (1 if kept < len(both_ways) else 0)
    # -w writes all of them nevertheless, and mitmproxy reads it.
    shown = [await _shown(files[name]) for name in ("mitmdump", "wsproxy")]
    assert shown[0] == shown[1] == [f"'{m}'" for m in both_ways]


async def _shown(file: Path) -> list[str]:
    """The messages of a flow file, as mitmdump reads it."""
    process = await asyncio.create_subprocess_exec(
        *(str(BIN / "mitmdump"), "-q", "-nr", str(file), "-s", str(SHOWS_MESSAGES)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    return output.decode().splitlines()


SHOWS_MESSAGES = Path(__file__).parent.parent / "support" / "mitm_addons" / "shows_messages.py"


async def test_an_unreachable_server_is_said() -> None:
    async def ask(name: str) -> list[str]:
        heard: list[str] = []
        async with proxy(name, "127.0.0.1:1", addon("every_hook")) as running:
            await asyncio.wait_for(get("GET /plain")(f"127.0.0.1:{running.port}", heard), 20)
            await running.until(lambda: running.count("ADDON client_disconnected") > 0)
        printed = [line for line in running.printed if "server listening" not in line]
        return [*heard, *printed]

    mitmdump, wsproxy = await asyncio.gather(ask("mitmdump"), ask("wsproxy"))
    assert mitmdump[0] == "nothing"
    assert wsproxy[0].startswith("502 Bad Gateway")
    assert "cannot connect to http://127.0.0.1:1" in wsproxy[0]
    assert wsproxy[1:] == mitmdump[1:]


async def test_each_difference_has_its_place() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "mitmproxy.md").read_text()
    for name in DIFFERENCES:
        assert f"**{name[0].upper()}{name[1:]}.**" in text, name
