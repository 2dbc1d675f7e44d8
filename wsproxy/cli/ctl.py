"""`wsproxy ctl`: a running proxy, steered from the shell."""

from __future__ import annotations

import sys
from typing import Any

import click

from wsproxy.cli import ctl_breakpoints, ctl_faults
from wsproxy.cli.api import Api, with_api
from wsproxy.cli.grouped import WholeLines
from wsproxy.payloads.lines import size
from wsproxy.render.pretty import clock
from wsproxy.render.table import aligned
from wsproxy.render.text import printable

EPILOG = """\b
Examples:
  wsproxy ctl connections
  wsproxy ctl faults add latency:latency=200ms,direction=downstream
  wsproxy ctl faults toggle latency
  wsproxy ctl breakpoints add '~up & ~b buy'
  wsproxy ctl send 3 '{"op": "ping"}'
  wsproxy ctl close 3 --code 1001 --reason later
  wsproxy ctl faults list --url http://127.0.0.1:8081 --token T
"""

DIRECTION = click.option(
    "--direction",
    type=click.Choice(["upstream", "downstream"]),
    help="To the server (upstream) or to the client (downstream).",
)


@click.group("ctl", cls=WholeLines, epilog=EPILOG)
def command() -> None:
    """Steer a proxy that runs: its faults, breakpoints and connections.

    The one that runs as the same user is found by itself; with several, --proxy chooses, and any
    other is named with --url and --token.
    """


command.add_command(ctl_faults.faults)
command.add_command(ctl_breakpoints.breakpoints)


@command.command("connections")
@click.option("--all", "all_", is_flag=True, help="Those that have ended, too.")
@with_api
def connections(api: Api, all_: bool) -> None:
    """List the connections that are open."""
    rows = [["conn", "opened", "client", "path", "->", "", "<-", "", "state"]]
    after: int | None = 0
    while after is not None:
        page = api.get(f"/connections?after={after}&limit=1000")
        rows += [_row(each) for each in page["connections"] if all_ or _is_open(each)]
        after = page.get("next")
    if len(rows) == 1:
        click.echo("no connection is open" if not all_ else "there are no connections", err=True)
        return
    for line in aligned(rows):
        click.echo(line)


def _is_open(connection: dict[str, Any]) -> bool:
    return connection["state"] in ("opening", "open")


def _row(connection: dict[str, Any]) -> list[str]:
    frames, sizes = connection["frames"], connection["bytes"]
    paused = "".join(f", {way} paused" for way in connection["paused"])
    return [
        f"#{connection['id']}",
        clock(connection["opened"]),
        connection["client"],
        printable(connection["target"]),
        f"{frames['upstream']:,}",
        size(sizes["upstream"]),
        f"{frames['downstream']:,}",
        size(sizes["downstream"]),
        connection["state"] + paused,
    ]


@command.command("send")
@click.argument("connection", type=int)
@click.argument("text", required=False)
@DIRECTION
@click.option("--hex", "hex_", metavar="HEX", help="Send these bytes as a binary message.")
@click.option(
    "--opcode", metavar="NAME", help="text, binary, ping, pong, ...; else by the content."
)
@with_api
def send(
    api: Api,
    connection: int,
    text: str | None,
    direction: str | None,
    hex_: str | None,
    opcode: str | None,
) -> None:
    """Send TEXT on CONNECTION, to the server unless --direction says otherwise; - reads it from
    standard input.
    """
    if (text is None) is (hex_ is None):
        raise click.UsageError("give TEXT or --hex HEX, and not both")
    body: dict[str, Any] = {"direction": direction or "upstream"}
    if hex_ is not None:
        body["hex"] = hex_
    else:
        body["text"] = sys.stdin.read() if text == "-" else text
    if opcode is not None:
        body["opcode"] = opcode
    sent = api.post(f"/connections/{connection}/send", body)["sent"]
    click.echo(f"sent {sent} bytes {body['direction']} on #{connection}")


@command.command("close")
@click.argument("connection", type=int)
@click.option("--code", type=int, default=1000, show_default=True, help="The close code.")
@click.option("--reason", default="", help="What the Close frame says.")
@with_api
def close(api: Api, connection: int, code: int, reason: str) -> None:
    """Send Close to both sides of CONNECTION."""
    api.post(f"/connections/{connection}/close", {"code": code, "reason": reason})
    click.echo(f"closing #{connection} with {code}")


@command.command("cut")
@click.argument("connection", type=int)
@with_api
def cut(api: Api, connection: int) -> None:
    """Cut both sides of CONNECTION off with a TCP reset."""
    api.post(f"/connections/{connection}/reset")
    click.echo(f"cut #{connection}")


@command.command("pause")
@click.argument("connection", type=int)
@DIRECTION
@click.option("--off", is_flag=True, help="Go on.")
@with_api
def pause(api: Api, connection: int, direction: str | None, off: bool) -> None:
    """Read nothing from the sender of a direction of CONNECTION, or of both: a stall."""
    body: dict[str, Any] = {"paused": not off}
    if direction is not None:
        body["direction"] = direction
    api.post(f"/connections/{connection}/pause", body)
    click.echo(f"#{connection} {'goes on' if off else 'is paused'} ({direction or 'both ways'})")
