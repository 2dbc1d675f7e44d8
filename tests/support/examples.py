"""The examples of the documentation and of help texts, and a place where they can run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from tests.support.captured import Peers, conversation
from wsproxy.captures.making import make_capture
from wsproxy.captures.opening import StoredCapture
from wsproxy.cli import cli
from wsproxy.formats.interfaces import Imported
from wsproxy.formats.registry import FORMS
from wsproxy.formats.selection import EVERYTHING
from wsproxy.model.http import HttpRecord
from wsproxy.model.records import Direction

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "addons" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

SYNTAX = re.compile(r"\b(CAPTURE|FILE|FORMAT|BEFORE|AFTER|URL|NAME)\b|<[a-z]+>")
"""Lines with these words say how something is written."""

UP, DOWN = Direction


def commands() -> list[str]:
    """Every command line of wsproxy's in help texts and documentation, each once."""
    found = dict.fromkeys([*_of_help(cli, click.Context(cli)), *_of_pages()])
    return [line for line in found if not SYNTAX.search(line)]


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def _of_help(command: click.Command, context: click.Context) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _of_help(below, context)
    if command.name != "wsproxy":
        yield from _lines(command.epilog or "")


def _of_pages() -> Iterator[str]:
    for page in PAGES:
        for block in re.findall(r"```(?:sh)?\n(.*?)```", page.read_text(), re.DOTALL):
            yield from _lines(block)


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        line = re.sub(r"\s+#\s.*$", "", line.strip())  # a remark
        line = re.sub(r"\s{3,}[a-z].*$", "", line)  # what it does, in a column of its own
        if re.match(r"(echo .*\| )?wsproxy [a-z]", line) and " shows " not in line:
            yield re.sub(r"\s+", " ", line)


def furnish(folder: Path) -> None:
    """Make all files that the examples name."""
    for name in ("api", "today", "yesterday", "run", "good"):
        make_capture(folder / f"{name}.wsproxy", _conversations())
    reader = StoredCapture(folder / "api.wsproxy")
    for name, form in (
        ("ticket.zip", "zip"), ("good.zip", "zip"), ("bad.har", "har"), ("browser.har", "har"),
    ):  # fmt: skip
        with (folder / name).open("wb") as file:
            FORMS[form].write()(reader, file, EVERYTHING)
    reader.close()
    (folder / "scenario.yaml").write_text("faults: [{type: latency, latency: 1ms}]\n")
    for name in ("my_addon.py", "addon.py"):
        (folder / name).write_text(
            "from mitmproxy import ctx\n"
            "def load(loader):\n    loader.add_option('key', str, '', 'A value.')\n"
        )
    (folder / "addons").symlink_to(ROOT / "addons")


def _conversations() -> list[Imported]:
    items: list[Imported] = []
    for number in (1, 2, 3):
        peers = Peers(replace(conversation(number, opened=1000.0 + number), closed=1001.2 + number))
        for count in range(4):
            peers.say(UP, f'{{"op": "price", "id": {count}}}', after=0.01)
            peers.say(DOWN, f'{{"id": {count}, "price": 10{count}.5, "error": null}}', after=0.01)
        items += peers.items
    items += [
        HttpRecord(
            n, 4000.0 + n, "c:1", "GET", f"/{n}", f"http://up/{n}", "HTTP/1.1", [], None, 200
        )
        for n in range(1, 9)
    ]
    return items
