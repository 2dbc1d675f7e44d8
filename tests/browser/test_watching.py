"""The page as its users use it: watching (points 1 to 4, 8 and 9)."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Page, expect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.browser.conftest import Open
from tests.support.rig import Rig


async def _texts(page: Page, selector: str) -> list[str]:
    return await page.locator(selector).all_inner_texts()


async def test_connections_with_their_states(rig: Rig, open_page: Open) -> None:
    page = await open_page()
    async with rig.client("/orders?x=1", subprotocols=["chat.v1"]) as client:
        await client.send("bye")
        with contextlib.suppress(ConnectionClosed):
            await client.recv()
    async with rig.client("/broken") as client:
        await client.send("break")
        with contextlib.suppress(ConnectionClosed):
            await client.recv()
    with contextlib.suppress(InvalidStatus):
        async with rig.client("/secret"):
            pass
    async with rig.client("/live") as client:
        for _ in range(5):
            await client.send("hello")
            await client.recv()
        for path, state in {
            "/orders?x=1": "closed 4001",
            "/broken": "aborted",
            "/secret": "refused 403",
            "/live": "open",
        }.items():
            row = page.locator(".connection", has_text=path)
            await expect(row.locator(".state")).to_have_text(state)
        await expect(page.locator(".connection", has_text="/orders")).to_contain_text("chat.v1")
        await expect(page.locator(".connection", has_text="/live")).to_contain_text("↑ 5 · 55 B")
        await page.get_by_label("State", exact=True).select_option("closed")
        await expect(page.locator(".connection")).to_have_count(2)
        await page.get_by_label("State", exact=True).select_option("")
        await page.get_by_label("Find a connection").fill("secret")
        await expect(page.locator(".connection")).to_have_count(2)
        assert "find=secret" in page.url
        await page.get_by_label("Find a connection").fill("")
        await page.get_by_label("Order").select_option("frames")
        await expect(page.locator(".connection .target").nth(1)).to_have_text("/live")


async def test_rows_arrive_live_without_moving_what_is_read(rig: Rig, open_page: Open) -> None:
    page = await open_page()
    async with rig.client() as client:
        for number in range(100):
            await client.send(f"number {number}")
            await client.recv()
        last = page.locator(".frame").last
        await expect(last).to_contain_text("number 99")  # the tail sticks
        await page.locator("wsp-frames .viewport").focus()
        await page.keyboard.press("Home")
        first = page.locator(".frame .preview").first
        await expect(first).to_have_text("number 0")
        for number in range(100, 150):
            await client.send(f"number {number}")
            await client.recv()
        newer = page.locator(".newer")
        await expect(newer).to_contain_text("newer")
        await expect(first).to_have_text("number 0")
        await newer.click()
        await expect(last).to_contain_text("number 149")


async def test_control_frames_and_fragments_can_be_hidden(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        await client.send("pieces")
        await client.recv()
        await (await client.ping("beat"))
    await rig.rows(9)
    page = await open_page()
    await expect(page.locator(".frame")).to_have_count(9)
    await page.get_by_role("button", name="control", exact=True).click()
    await expect(page.locator(".frame")).to_have_count(5)
    await page.get_by_role("button", name="fragments", exact=True).click()
    await expect(page.locator(".frame")).to_have_count(2)
    await expect(page.locator(".frame .preview").nth(1)).to_have_text("one two three")
    assert "control=0" in page.url
    assert "fragments=0" in page.url


async def test_details_keep_the_tab_while_arrows_move(rig: Rig, open_page: Open) -> None:
    async with rig.client(compression="deflate") as client:
        for number in (1, 2):
            await client.send(json.dumps({"op": "ask", "id": number}))
            await client.recv()
        await client.send("pieces")
        await client.recv()
    await rig.rows(9)
    page = await open_page()
    await page.locator(".frame").first.click()
    await expect(page.locator("wsp-details .tree")).to_contain_text('op: "ask"')
    await page.get_by_role("button", name="Hex", exact=True).click()
    await expect(page.locator("wsp-details .hex")).to_contain_text("00000000  7b 22 6f 70")
    await page.get_by_role("button", name="Text", exact=True).click()
    await expect(page.locator("wsp-details pre")).to_have_text('{"op": "ask", "id": 1}')
    await page.get_by_role("tab", name="Frame", exact=True).click()
    bits = page.locator("table.bits")
    await expect(bits).to_contain_text("Masking-key")
    await expect(bits).to_contain_text("RSV1")
    await page.locator("wsp-frames .viewport").focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("wsp-details h2")).to_have_text("Frame 2")
    await expect(bits).to_be_visible()
    await expect(bits).not_to_contain_text("Masking-key")
    await page.get_by_role("tab", name="Message", exact=True).click()
    await page.get_by_role("button", name="Show the request").click()
    await expect(page.locator("wsp-details h2")).to_have_text("Frame 1")
    await page.locator(".frame", has_text="TEXT⌐").click()
    await expect(page.locator("wsp-details .links button")).to_have_count(4)
    await page.locator("wsp-details .links button").last.click()
    await expect(page.locator("wsp-details pre")).to_have_text("one two three")
    await page.get_by_role("tab", name="Handshake").click()
    await expect(page.locator("table.headers").first).to_contain_text("Sec-WebSocket-Key")


async def test_a_shared_url_opens_the_same_view(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        for number in range(30):
            await client.send(f"apple {number}")
            await client.recv()
            await client.send(f"pear.{number}")
            await client.recv()
    page = await open_page()
    await page.get_by_label("Search payloads").fill("pear.1")
    await expect(page.locator("wsp-frames .foot")).to_contain_text("22 rows match")
    await page.get_by_role("button", name="↑ up").click()
    await expect(page.locator("wsp-frames .foot")).to_contain_text("11 rows match")
    await page.get_by_label("Search payloads").fill("/pear.(3|4)$/")
    await expect(page.locator("wsp-frames .foot")).to_contain_text("2 rows match")
    await page.locator(".frame").nth(1).click()
    await page.get_by_role("tab", name="Frame", exact=True).click()
    other = await open_page("&" + urlsplit(page.url).query)
    await expect(other.locator(".frame")).to_have_count(2)
    await expect(other.locator('.frame[aria-selected="true"]')).to_contain_text("pear.4")
    await expect(other.locator("table.bits")).to_be_visible()
    await expect(other.get_by_label("Search payloads")).to_have_value("/pear.(3|4)$/")
    await other.get_by_label("Search payloads").fill("~nonsense")
    await expect(other.locator(".said")).to_contain_text("there is no filter word ~nonsense")


async def test_the_timeline_shows_zooms_and_lists(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        for number in range(20):
            await client.send(json.dumps({"op": "x", "id": number}))
            await client.recv()
        await rig.rows(40)
        page = await open_page("&connection=1&tool=timeline")
        chart = page.locator("canvas.chart")
        await expect(chart).to_have_attribute("aria-label", _matching("↑ 20 ↓ 20 messages"))
        await expect(page.locator("wsp-timeline")).to_contain_text("answers: median")
        await chart.focus()
        await page.keyboard.press("+")
        await page.get_by_role("button", name="List this range").click()
        await expect(page).to_have_url(_matching("since="))
        await expect(page.locator("wsp-header .counters")).to_contain_text("frames")


def _matching(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


async def test_pause_clear_export_and_theme(rig: Rig, open_page: Open, tmp_path: Path) -> None:
    page = await open_page()
    async with rig.client() as client:
        await client.send("one")
        await client.recv()
        await expect(page.locator(".frame")).to_have_count(2)
        await page.keyboard.press("p")
        await expect(page.locator("wsp-frames .foot")).to_contain_text("view paused")
        await client.send("two")
        assert await client.recv() == "two"
        await rig.rows(4)
        await expect(page.locator(".frame")).to_have_count(2)
        await page.get_by_role("button", name="Resume view").click()
        await expect(page.locator(".frame")).to_have_count(4)
        await page.locator(".frame").nth(2).click()
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Export…").click()
            await page.get_by_role("menuitem", name="Selected rows").click()
        path = tmp_path / "selected.jsonl"
        await (await download.value).save_as(path)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [line["event"] for line in lines] == ["connection", "frame"]
        assert lines[1]["text"] == "two"
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Export…").click()
            await page.get_by_role("menuitem", name="(.har)").click()
        await (await download.value).save_as(path)
        (entry,) = json.loads(path.read_text())["log"]["entries"]
        assert [each["data"] for each in entry["_webSocketMessages"]][:2] == ["one", "one"]
        await page.get_by_role("button", name="Clear").click()
        await expect(page.locator(".frame")).to_have_count(0)
        await client.send("three")
        await expect(page.locator(".frame")).to_have_count(2)
        await page.get_by_role("button", name="Show all").click()
        await expect(page.locator(".frame")).to_have_count(6)
    before = await page.evaluate("document.documentElement.dataset.theme")
    await page.get_by_role("button", name="Dark or light").click()
    assert await page.evaluate("document.documentElement.dataset.theme") != before


async def test_it_can_be_used_at_200_percent_and_by_roles(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        await client.send("x")
        await client.recv()
        await rig.rows(2)
        page = await open_page()
        await page.set_viewport_size({"width": 720, "height": 450})  # 1440 x 900 at 200 %
        assert await page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        frames = page.get_by_role("listbox", name="Frames")
        await expect(frames.get_by_role("option")).to_have_count(2)
        label = await frames.get_by_role("option").first.text_content()
        assert label is not None
        assert "up, TEXT, 1 byte, connection 1" in label
        unnamed = await page.evaluate(
            """[...document.querySelectorAll('button, input, select, textarea')]
               .filter((e) => !e.textContent.trim() && !e.ariaLabel && !e.closest('label'))
               .map((e) => e.outerHTML)"""
        )
        assert unnamed == []
        for scheme in ("light", "dark"):
            await page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
            assert await page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const channel = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')].filter((e) => e.offsetParent
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())).map((e) => {
    const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(ground(e))];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.outerHTML.slice(0, 120)];
  }).filter(([ratio]) => ratio < 4.5);
}"""


async def test_a_page_finds_its_way_back(rig: Rig, open_page: Open) -> None:
    page = await open_page()
    async with rig.client() as client:
        await client.send("before")
        await client.recv()
        await expect(page.locator(".frame")).to_have_count(2)
        assert rig.proxy._web is not None
        await rig.proxy._web._feed.close()
        await expect(page.locator(".live.off")).to_have_count(1)
        await expect(page.get_by_role("alert")).to_contain_text("wsproxy has stopped")
        await client.send("meanwhile")
        await client.recv()
        await expect(page.locator(".live:not(.off)")).to_have_count(1)
        await expect(page.get_by_role("alert")).to_have_count(0)
        await expect(page.locator(".frame")).to_have_count(4)
        await client.send("after")
        await expect(page.locator(".frame")).to_have_count(6)
        await expect(page.locator(".connection .sub").last).to_contain_text("↑ 3")
