"""`wsproxy ctl breakpoints`: where messages of a running proxy wait."""

from __future__ import annotations

import base64
from typing import Any

import click

from wsproxy.cli.api import Api, with_api
from wsproxy.cli.grouped import WholeLines
from wsproxy.protocol.frames import Opcode
from wsproxy.render.table import aligned
from wsproxy.render.text import preview, printable


@click.group("breakpoints", cls=WholeLines)
def breakpoints() -> None:
    """Breakpoints, and what waits at them: list, add, toggle, remove, forward, drop."""


@breakpoints.command("list")
@with_api
def list_(api: Api) -> None:
    """List the breakpoints, and the messages that wait."""
    _show(api.get("/breakpoints"))


@breakpoints.command("add")
@click.argument("filter_", metavar="[FILTER]", default="")
@click.option("--direction", type=click.Choice(["upstream", "downstream"]))
@click.option("--connection", type=int, metavar="N", help="Only on connection N.")
@click.option("--control", is_flag=True, help="Stop Close, ping and pong, too.")
@click.option("--timeout", type=float, metavar="SECONDS", help="When it lets go; 60 unless given.")
@with_api
def add(api: Api, filter_: str, **options: Any) -> None:
    """Stop every message that FILTER lets through, until somebody lets it go."""
    spec = {"filter": filter_} | {
        name: value for name, value in options.items() if value not in (None, False)
    }
    added = api.post("/breakpoints", spec)
    click.echo(f"breakpoint {added['id']}: {filter_ or 'every message'}")


@breakpoints.command("toggle")
@click.argument("number", type=int)
@with_api
def toggle(api: Api, number: int) -> None:
    """Switch breakpoint NUMBER off, which lets go what waits at it, or on again."""
    found = api.get("/breakpoints")["breakpoints"]
    enabled = any(each["id"] == number and each["enabled"] for each in found)
    api.ask("PATCH", f"/breakpoints/{number}", {"enabled": not enabled})
    click.echo(f"breakpoint {number} is {'off' if enabled else 'on'}")


@breakpoints.command("remove")
@click.argument("number", type=int)
@with_api
def remove(api: Api, number: int) -> None:
    """Remove breakpoint NUMBER, and let go what waits at it."""
    api.ask("DELETE", f"/breakpoints/{number}")
    click.echo(f"removed breakpoint {number}")


@breakpoints.command("forward")
@click.argument("held", type=int, required=False)
@click.option("--text", help="Send this in its place.")
@with_api
def forward(api: Api, held: int | None, text: str | None) -> None:
    """Let message HELD go, as it is or changed; without HELD, all that wait."""
    if held is None:
        if text is not None:
            raise click.UsageError("--text changes one message: say which")
        api.post("/held/forward")
    else:
        api.post(f"/held/{held}/forward", {} if text is None else {"text": text})
    click.echo("forwarded" if held is None else f"forwarded {held}")


@breakpoints.command("drop")
@click.argument("held", type=int)
@with_api
def drop(api: Api, held: int) -> None:
    """Let message HELD go nowhere."""
    api.post(f"/held/{held}/drop")
    click.echo(f"dropped {held}")


def _show(state: dict[str, Any]) -> None:
    if not state["breakpoints"] and not state["held"]:
        click.echo("no breakpoints", err=True)
        return
    rows = [["breakpoint", "state", "hits", "stops"]]
    for each in state["breakpoints"]:
        on = "on" if each["enabled"] else "off"
        stops = [each["filter"] or "every message", each.get("direction") or ""]
        rows.append([str(each["id"]), on, str(each["hits"]), printable(" ".join(stops).strip())])
    for line in aligned(rows):
        click.echo(line)
    for each in state["held"]:
        opcode = Opcode.TEXT if each["text"] else Opcode.BINARY
        shown = base64.b64decode(each["base64"])
        said = preview(opcode, shown, length=each["content_length"])
        head = f"held {each['id']}: #{each['connection']} {each['direction']} {each['opcode']}"
        click.echo(f"{head} {said}".rstrip())
