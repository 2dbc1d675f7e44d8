"""The page as an instrument: what was wrong with it, and what it must be."""

from __future__ import annotations

import contextlib
import json
import re

import pytest
from playwright.async_api import Browser, Route, expect
from websockets.exceptions import InvalidStatus

from tests.browser.conftest import Open
from tests.support.rig import Rig


async def _talk(rig: Rig, *messages: str, path: str = "/echo") -> None:
    async with rig.client(path) as client:
        for message in messages:
            await client.send(message)
            await client.recv()


async def test_a_late_handshake_does_not_replace_the_frame(rig: Rig, open_page: Open) -> None:
    await _talk(rig, "first", "second")
    await rig.rows(4)
    page = await open_page("&connection=1")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    await page.route(re.compile(r"/connections/1$"), hold)
    await page.get_by_role("tab", name="Handshake").click()
    await page.locator(".connection", has_text="All").click()
    await page.locator('.connection[data-id="1"]').click()
    await page.locator(".frame").nth(2).click()
    await page.get_by_role("tab", name="Payload", exact=True).click()
    await expect(page.locator("wsp-details pre")).to_have_text("second")
    assert held
    for route in held:
        with contextlib.suppress(Exception):  # the page has given some up
            await route.continue_()
    await page.wait_for_load_state("networkidle")
    await expect(page.locator("wsp-details pre")).to_have_text("second")


async def test_large_json_is_fetched_whole(rig: Rig, open_page: Open) -> None:
    await _talk(rig, json.dumps({"list": ["x" * 90] * 10_000, "end": 12345678901234567890}))
    await rig.rows(2)
    page = await open_page()
    await page.locator(".frame").first.click()
    tree = page.locator("wsp-details .tree")
    await expect(tree).to_contain_text("end: 12345678901234567890")
    await expect(page.locator("wsp-details .note")).to_have_count(0)


async def test_escape_empties_field_and_filter(rig: Rig, open_page: Open) -> None:
    await _talk(rig, "apple", "pear")
    await rig.rows(4)
    page = await open_page()
    search = page.get_by_label("Search payloads")
    await search.fill("apple")
    await expect(page.locator(".frame")).to_have_count(2)
    await expect(page.locator(".frame mark").first).to_have_text("apple")
    await search.press("Escape")
    await expect(page.locator(".frame")).to_have_count(6)  # Close frames too
    await expect(search).to_have_value("")
    await search.fill("pear.*nothing")
    await expect(page.locator("wsp-frames .foot")).to_contain_text("0 rows match")
    await search.fill("/pea./ ")
    await expect(page.locator("wsp-frames .foot")).to_contain_text("2 rows match")
    await search.fill("~pi")
    await page.get_by_role("option", name="~ping").click()
    await expect(search).to_have_value("~ping ")


@pytest.mark.parametrize("width", [390, 720])
async def test_one_pane_at_a_time_where_it_is_narrow(rig: Rig, open_page: Open, width: int) -> None:
    await _talk(rig, "hello")
    await rig.rows(2)
    page = await open_page()
    await page.set_viewport_size({"width": width, "height": 800})
    await page.get_by_role("button", name="Tools", exact=True).click()
    await page.get_by_role("tab", name="Send").click()
    await expect(page.locator("wsp-send")).to_be_in_viewport()
    await page.get_by_role("button", name="Frames", exact=True).click()
    await page.locator(".frame").first.click()
    await page.locator("wsp-frames .viewport").press("Enter")
    await expect(page.locator("wsp-details pre")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_a_paused_connection_looks_paused(rig: Rig, open_page: Open) -> None:
    page = await open_page("&connection=1&tool=send")
    async with rig.client():
        await page.get_by_role("button", name="Pause", exact=True).click()
        await expect(page.locator(".connection .state.paused")).to_have_text("paused")
        await page.get_by_role("button", name="Resume", exact=True).click()
        await expect(page.locator(".connection .state.open")).to_have_text("open")


async def test_all_fields_of_a_fault_are_shown_and_edited(rig: Rig, open_page: Open) -> None:
    spec = {"type": "drop", "match": "~ping", "toxicity": 0.5, "after": "2s"}
    await rig.call("POST", "/faults", spec)
    page = await open_page("&tool=faults")
    await expect(page.get_by_label("match of drop")).to_have_value("~ping")
    await expect(page.get_by_label("share of drop")).to_have_value("0.5")
    await expect(page.get_by_label("after of drop")).to_have_value("2s")
    async with page.expect_response(re.compile("/faults/drop")) as changed:
        await page.get_by_label("match of drop").fill("~pong")
        await page.get_by_label("match of drop").press("Enter")
    assert (await changed.value).ok
    assert (await rig.get("/faults"))["faults"][0]["match"] == "~pong"


async def test_the_timeline_loads_and_counts_every_strike(rig: Rig, open_page: Open) -> None:
    await rig.call("POST", "/faults", {"type": "latency", "latency": "1ms"})
    await _talk(rig, *("x" for _ in range(12)))
    await rig.rows(24)
    page = await open_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    await page.route(re.compile(r"/timeline"), hold)
    await page.get_by_role("tab", name="Timeline").click()
    chart = page.locator("canvas.chart")
    await expect(chart).to_have_attribute("aria-label", "Timeline: Loading…")
    await page.unroute(re.compile(r"/timeline"))
    for route in held:
        with contextlib.suppress(Exception):  # taking the route away has let some go
            await route.continue_()
    # Every message, and the answer to the Close frame, came late.
    await expect(chart).to_have_attribute("aria-label", re.compile(r"1[23] fault strikes"))


async def test_sizes_times_and_numbers_are_written_for_people(rig: Rig, open_page: Open) -> None:
    async with rig.client(compression="deflate") as client:
        await client.send("1234567 " * 200_000)
        await client.recv()
    await rig.rows(3)
    page = await open_page("&dir=up&control=0")
    row = page.locator(".frame")
    await expect(row).to_have_count(1)
    await expect(page.locator("wsp-frames .foot")).to_contain_text("1 row matches")
    size = row.locator(".number")
    await expect(size).to_have_text(re.compile(r"^[\d,]+→1\.6 MB$"))
    await expect(size).to_have_attribute("title", re.compile("1,600,000 inflated"))
    assert await size.evaluate("(e) => e.scrollWidth <= e.clientWidth")
    time = row.locator("span").nth(1)
    await expect(time).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3}$"))
    await page.locator("wsp-frames .viewport").press("End")
    await expect(page.locator("wsp-frames .viewport")).to_have_attribute(
        "aria-activedescendant", await row.get_attribute("id") or ""
    )


async def test_a_refused_connection_says_so_and_titles_change(rig: Rig, open_page: Open) -> None:
    with contextlib.suppress(InvalidStatus):
        async with rig.client("/secret"):
            pass
    page = await open_page("&connection=1")
    await expect(page.locator(".empty").first).to_contain_text("Connection #1 was refused 403")
    await expect(page).to_have_title("#1 /secret · wsproxy")


async def test_a_shared_url_scrolls_to_its_connection(rig: Rig, open_page: Open) -> None:
    for _ in range(40):
        async with rig.client():
            pass
    page = await open_page("&connection=2")
    await expect(page.locator('.connection[data-id="2"]')).to_be_in_viewport()


async def test_a_wrong_token_gets_a_page(rig: Rig, browser: Browser) -> None:
    page = await (await browser.new_context()).new_page()
    answer = await page.goto(f"{rig.origin}/?token=wrong")
    assert answer is not None
    assert answer.status == 401
    await expect(page.get_by_role("heading")).to_have_text("wsproxy did not let you in")
    styled = "getComputedStyle(document.querySelector('main')).maxWidth"
    assert await page.evaluate(styled) == "576px"


async def test_an_empty_page_tells_what_to_do(rig: Rig, open_page: Open) -> None:
    page = await open_page()
    start = page.locator(".start")
    await expect(start).to_contain_text(f"websocat {rig.proxy.url}")
    await expect(start).to_contain_text("new WebSocket(")


async def test_splitters_move_by_keys_and_remember(rig: Rig, open_page: Open) -> None:
    page = await open_page()
    bar = page.get_by_role("separator", name="Width of the details")
    await bar.press("ArrowLeft")
    await expect(bar).to_have_attribute("aria-valuenow", "484")
    await bar.press("Enter")
    await expect(bar).to_have_attribute("aria-valuenow", "0")
    await page.reload()
    await expect(bar).to_have_attribute("aria-valuenow", "0")


async def test_copy_menu_bookmark_compare_and_palette(rig: Rig, open_page: Open) -> None:
    await _talk(rig, '{"a": 1, "b": 2}', '{"a": 1, "b": 3}')
    await rig.rows(4)
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    frames = page.locator(".frame")
    await frames.first.click(button="right")
    await page.get_by_role("menuitem", name="Copy payload", exact=True).click()
    await expect(page.locator(".toast")).to_have_text("Copied the payload")
    assert await page.evaluate("navigator.clipboard.readText()") == '{"a": 1, "b": 2}'
    await page.locator("wsp-frames .viewport").press("b")
    await expect(page.locator(".frame .star")).to_have_count(1)
    await frames.nth(2).click(modifiers=["Control"])
    await frames.nth(2).click(button="right")
    await page.get_by_role("menuitem", name="Compare these two").click()
    changes = page.locator("table.changes")
    await expect(changes).to_contain_text("$.b")
    await expect(changes.locator("tbody tr")).to_have_count(1)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("open notes")
    await page.keyboard.press("Enter")
    await expect(page.locator("wsp-notes")).to_contain_text("#1 ↑ message 1")


async def test_single_letters_can_be_switched_off(rig: Rig, open_page: Open) -> None:
    page = await open_page()
    await page.keyboard.press("?")
    await page.get_by_label("Single letters are keys").uncheck()
    await page.get_by_role("button", name="Close", exact=True).click()
    await page.locator("body").press("p")
    await expect(page.get_by_role("button", name="Pause view")).to_be_visible()
    options = page.locator("wsp-connections .viewport")
    async with rig.client():
        await expect(page.locator(".connection")).to_have_count(2)
        await options.press("End")
        await expect(options).to_have_attribute("aria-activedescendant", "connection-1")
        panel = await page.get_by_role("tab", selected=True).first.get_attribute("aria-controls")
        assert await page.locator(f"#{panel}").count() == 1


async def test_what_waits_is_in_the_title(rig: Rig, open_page: Open) -> None:
    await rig.call("POST", "/breakpoints", {"filter": "~up"})
    page = await open_page("&tool=breakpoints")
    async with rig.client() as client:
        await client.send('{"price": 1}')
        await expect(page).to_have_title(re.compile(r"^\(1 waiting\)"))
        await page.get_by_label("Content to forward").fill('{"price": 2}')
        await expect(page.locator(".changes-held")).to_contain_text("$.price")
        await page.get_by_role("button", name="Forward", exact=True).click()
        assert await rig.received_text() == '{"price": 2}'
        await expect(page).not_to_have_title(re.compile("waiting"))
