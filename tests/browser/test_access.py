"""Everybody can use it: axe-core on every view, dialog and width in both themes, and the keyboard."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Open
from tests.support.rig import Rig

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = pytest.mark.skipif(
    not (AXE.exists() or os.environ.get("CI")), reason="scripts/setup-page installs axe-core"
)


async def _talk(rig: Rig) -> None:
    async with rig.client() as client:
        for number in range(3):
            await client.send(json.dumps({"op": "ask", "id": number, "a": {"b": [1, "x", None]}}))
            await client.recv()
        await client.send("pieces")
        await client.recv()
    await rig.rows(10)


async def _no_complaints(page: Page, where: str, part: str = "html") -> None:
    """Nothing serious in a part of the page, in either theme."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    for theme in ("light", "dark"):
        await page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        found = await page.evaluate(
            """async ([part, options]) => (await axe.run(part, options)).violations
                 .filter(({impact}) => impact === 'serious' || impact === 'critical')
                 .map(({id, nodes}) => [id, nodes.slice(0, 3).map(({html}) => html.slice(0, 160))])""",
            [part, options],
        )
        assert found == [], f"{where}, {theme}"
        options["runOnly"] = ["color-contrast"]  # the other theme has other colours, and no more


async def test_every_view(rig: Rig, open_page: Open) -> None:
    await _talk(rig)
    await rig.call("POST", "/faults", {"type": "latency", "latency": "1ms"})
    await rig.call("POST", "/breakpoints", {"filter": "~up"})
    page = await open_page("&connection=1&order=size")
    await page.evaluate(AXE.read_text())
    await page.locator(".frame").first.click()
    await _no_complaints(page, "the whole page")
    for tab in ("payload", "frame", "message", "handshake"):
        await page.locator(f"[data-tab={tab}]").click()
        await _no_complaints(page, tab, "wsp-details")
    await page.locator("[data-tab=payload]").click()
    tools = await page.locator("wsp-tools [role=tab]").all()
    assert len(tools) >= 8
    for tool in tools:
        await tool.click()
        await _no_complaints(page, str(await tool.get_attribute("data-tab")), "wsp-tools")
        for view in await page.locator(".tool .segments button").all():
            await view.click()
            await _no_complaints(
                page, f"{await tool.inner_text()}, {await view.inner_text()}", ".tool"
            )


async def test_every_dialog(rig: Rig, open_page: Open) -> None:
    await _talk(rig)
    page = await open_page("&connection=1")
    await page.evaluate(AXE.read_text())
    row = page.locator(".frame").first
    columns = page.get_by_role("button", name="Columns")
    saved = page.get_by_role("button", name="Saved and earlier filters")

    async def item(name: str) -> None:
        await page.get_by_role("menuitem", name=name).click()

    openers: list[tuple[Callable[[], Awaitable[None]], str, str]] = [
        (lambda: page.keyboard.press("?"), "keys", ""),
        (lambda: page.keyboard.press("Control+k"), "palette", ""),
        (lambda: row.click(button="right"), "menu", ""),
        (lambda: row.click(button="right"), "note", "Note…"),
        (columns.click, "column", "A path of JSON"),
        (saved.click, "colours", "Colour rows by filter"),
        (page.get_by_role("button", name="Export…").click, "export", ""),
    ]
    for opener, name, follow in openers:
        await page.locator("wsp-frames .viewport").focus()
        await opener()
        if follow:
            await item(follow)
        await expect(page.locator("dialog, .menu").first).to_be_visible()
        await _no_complaints(page, name, "dialog, .menu")
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog, .menu")).to_have_count(0)


async def test_questions_and_refusals(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        await client.send("one")
        await client.recv()
        page = await open_page("&connection=1&tool=send")
        await page.evaluate(AXE.read_text())
        dialog = page.get_by_role("dialog")
        await page.get_by_role("button", name="Cut off").click()
        await expect(dialog).to_contain_text("will be cut off")
        await _no_complaints(page, "cut off?", "dialog")
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await rig.call("POST", "/faults", {"type": "latency", "latency": "1ms"})
        await page.get_by_role("tab", name="Faults").click()
        await page.get_by_role("button", name="Remove all").click()
        await expect(dialog).to_contain_text("All faults will be removed")
        await _no_complaints(page, "remove all?", "dialog")
        await dialog.get_by_role("button", name="Cancel").click()
        async with page.expect_file_chooser() as chooser:
            await page.keyboard.press("Control+k")
            await page.get_by_role("combobox", name="Find a command").fill("open a capture")
            await page.keyboard.press("Enter")
        file = {"name": "today.har", "mimeType": "application/json", "buffer": b"no capture"}
        await (await chooser.value).set_files(file)  # type: ignore[arg-type]
        await expect(dialog).to_contain_text("today.har")
        await _no_complaints(page, "open or compare", "dialog")
        await dialog.get_by_role("button", name="Open it").click()
        await expect(dialog.locator(".bad")).not_to_have_text("")
        await _no_complaints(page, "what cannot be opened", "dialog")
    refused = await page.context.browser.new_page()  # type: ignore[union-attr]
    await refused.goto(f"{rig.origin}/?token=wrong")
    await expect(refused.locator("h1")).to_have_text("wsproxy did not let you in")
    await refused.evaluate(AXE.read_text())
    await _no_complaints(refused, "refused")
    await refused.close()


@pytest.mark.parametrize("width", [390, 720])
async def test_narrow(rig: Rig, open_page: Open, width: int) -> None:
    await _talk(rig)
    page = await open_page("&connection=1&frame=1&tool=conversation")
    await page.evaluate(AXE.read_text())
    await page.set_viewport_size({"width": width, "height": 800})
    for pane in ("Connections", "Frames", "Details", "Tools"):
        await page.get_by_role("button", name=pane, exact=True).click()
        await _no_complaints(page, f"{pane} at {width}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, pane


async def test_everything_by_keyboard(rig: Rig, open_page: Open) -> None:
    await _talk(rig)
    page = await open_page()
    await expect(page.locator(".connection")).to_have_count(2)
    await expect(page.locator(".frame")).not_to_have_count(0)
    press = page.keyboard.press
    await press("c")  # to the connections
    await press("ArrowDown")
    await expect(page).to_have_title("#1 /echo · wsproxy")
    await press("f")  # to the frames
    for _ in range(50):  # until the rows of this connection are there
        await press("Home")
        if await page.locator("wsp-details h2").text_content() == "Frame 1":
            break
        await page.wait_for_timeout(100)
    await expect(page.locator("wsp-details h2")).to_have_text("Frame 1")
    await press("Shift+ArrowDown")
    await expect(page.locator("wsp-frames .foot")).to_contain_text("2 selected")
    await press("b")
    await expect(page.locator(".frame .star")).to_have_count(1)
    await press("Shift+F10")
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    await press("Escape")
    await press("Enter")  # to the details
    await press("ArrowRight")
    await expect(page.locator("wsp-details [data-tab=frame]")).to_be_focused()
    await press("t")  # to the tools
    await press("ArrowRight")
    await expect(page.locator("wsp-tools [aria-selected=true]")).to_be_focused()
    await press("/")  # to the line of filter
    await page.keyboard.type("~pi")
    await press("ArrowDown")
    await press("Enter")
    await expect(page.get_by_label("Search payloads")).to_have_value("~ping ")
    # Every control that can be seen has a name.
    unnamed = await page.evaluate(
        """[...document.querySelectorAll('button, input, select, textarea, [tabindex="0"]')]
           .filter((e) => e.checkVisibility() && !e.textContent.trim() && !e.ariaLabel
             && !e.closest('label') && !e.title)
           .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert unnamed == []
