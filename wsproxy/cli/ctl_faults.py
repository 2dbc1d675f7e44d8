"""`wsproxy ctl faults`: the faults of a running proxy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wsproxy.cli.api import Api, with_api
from wsproxy.cli.grouped import WholeLines
from wsproxy.errors import WsproxyError
from wsproxy.faults.oneline import parse_line
from wsproxy.faults.scenario import load as load_scenario
from wsproxy.faults.spec import parse_spec
from wsproxy.render.table import aligned
from wsproxy.text.files import read_text
from wsproxy.text.words import did_you_mean


@click.group("faults", cls=WholeLines)
def faults() -> None:
    """The faults in force: list, add, change, toggle, remove, load, reset."""


@faults.command("list")
@with_api
def list_(api: Api) -> None:
    """List the faults, how often each struck, and what it does."""
    _show(api.get("/faults"))


@faults.command("add")
@click.argument("spec")
@with_api
def add(api: Api, spec: str) -> None:
    """Put a fault in force, written as for `wsproxy run --fault`."""
    taken = [each["name"] for each in api.get("/faults")["faults"]]
    parsed = parse_line(spec, taken)
    api.post("/faults", parsed.as_json())
    click.echo(f"fault {parsed.explain()}")


@faults.command("change")
@click.argument("name")
@click.argument("settings", nargs=-1, required=True, metavar="FIELD=VALUE...")
@with_api
def change(api: Api, name: str, settings: tuple[str, ...]) -> None:
    """Change fields of the fault NAME, e.g. `latency=1s toxicity=0.5`."""
    changes = {}
    for setting in settings:
        field, sign, value = setting.partition("=")
        if not sign or not field:
            raise click.UsageError(f"write {setting!r} as field=value")
        changes[field] = value
    _find(api, name)
    changed = api.ask("PATCH", f"/faults/{name}", changes)
    click.echo(f"fault {_explained(changed)}")


@faults.command("toggle")
@click.argument("name")
@with_api
def toggle(api: Api, name: str) -> None:
    """Switch the fault NAME off, or on again."""
    enabled = bool(_find(api, name)["enabled"])
    api.post(f"/faults/{name}/{'disable' if enabled else 'enable'}")
    click.echo(f"fault {name} is {'off' if enabled else 'on'}")


@faults.command("remove")
@click.argument("name")
@with_api
def remove(api: Api, name: str) -> None:
    """Remove the fault NAME."""
    _find(api, name)
    api.ask("DELETE", f"/faults/{name}")
    click.echo(f"removed {name}")


@faults.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@with_api
def load(api: Api, file: Path) -> None:
    """Put the faults of the scenario FILE in place of all others."""
    load_scenario(file)  # what is wrong in it is told as at the start, with its line
    _show(api.post("/faults/scenario", {"text": read_text(file)}))


@faults.command("reset")
@with_api
def reset(api: Api) -> None:
    """Remove all faults."""
    api.post("/faults/reset")
    click.echo("no faults")


def _find(api: Api, name: str) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {each["name"]: each for each in api.get("/faults")["faults"]}
    if name not in found:
        hint = did_you_mean(name, found) if found else "; there are none"
        raise WsproxyError(f"there is no fault {name}{hint}")
    return found[name]


def _show(answer: dict[str, Any]) -> None:
    if not answer["faults"]:
        click.echo("no faults", err=True)
        return
    rows = [["name", "state", "strikes", "does"]]
    for each in answer["faults"]:
        state = "on" if each["enabled"] else "off"
        rows.append([each["name"], state, f"{each['strikes']:,}", _explained(each)])
    for line in aligned(rows):
        click.echo(line)
    click.echo(f"seed: {answer['seed']}", err=True)


def _explained(fault: dict[str, Any]) -> str:
    spec = {key: value for key, value in fault.items() if key != "strikes" and value is not None}
    return parse_spec(spec).explain()
