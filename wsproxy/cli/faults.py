"""`wsproxy faults`: which faults there are, and what a scenario will do."""

from __future__ import annotations

from pathlib import Path

import click

from wsproxy.cli.grouped import WholeLines
from wsproxy.faults.attributes import Attribute, attributes_of
from wsproxy.faults.base import Fault
from wsproxy.faults.registry import FAULT_TYPES
from wsproxy.faults.scenario import load
from wsproxy.faults.spec import FIELDS
from wsproxy.text.words import did_you_mean

EPILOG = """\b
Examples:
  wsproxy faults list
  wsproxy faults list latency
  wsproxy faults explain scenario.yaml
  wsproxy run ws://localhost:8000 --fault latency:latency=200ms --faults scenario.yaml --seed 7
"""


@click.group("faults", cls=WholeLines, epilog=EPILOG)
def command() -> None:
    """Show which faults there are, and explain scenario files."""


@command.command("list")
@click.argument("types", nargs=-1)
def list_(types: tuple[str, ...]) -> None:
    """Document every fault, or those of TYPES, each with an example."""
    for kind in types:
        if kind not in FAULT_TYPES:
            raise click.BadParameter(f"there is no fault {kind!r}{did_you_mean(kind, FAULT_TYPES)}")
    for fault in FAULT_TYPES.values():
        if not types or fault.type in types:
            click.echo("\n".join(_documentation(fault)) + "\n")
    if types:
        return
    click.echo("Every fault takes these too:")
    for name, (unit, doc) in FIELDS.items():
        if name != "type":
            click.echo(f"    {name}: {doc} ({unit.words})")


def _documentation(fault: type[Fault]) -> list[str]:
    summary, effect = fault.documentation()
    lines = [click.style(fault.type, bold=True) + f": {summary}"]
    lines += click.wrap_text(effect, 90, "    ", "    ").splitlines()
    lines += [f"    {item.name}: {item.doc} ({_value(item)})" for item in attributes_of(fault)]
    lines.append(f"    e.g. --fault '{fault.example}'")
    return lines


def _value(item: Attribute) -> str:
    if item.required:
        return f"{item.unit.words}; has to be given"
    if item.default is None or item.default == "":
        return item.unit.words
    shown = item.unit.show(item.default)
    return f"{item.unit.words}; {str(shown).lower() if isinstance(shown, bool) else shown}"


@command.command("explain")
@click.argument("file", type=click.Path(path_type=Path))
def explain(file: Path) -> None:
    """Say in plain English what the scenario FILE will do."""
    scenario = load(file)
    title = scenario.name or file.name
    click.echo(title + (f": {scenario.description.strip()}" if scenario.description else ""))
    seed = f"seed {scenario.seed}" if scenario.seed is not None else "a new seed for each run"
    count = len(scenario.faults)
    click.echo(f"{count} fault{'s' if count != 1 else ''}, {seed}")
    for line in scenario.explain():
        click.echo(f"- {line}")
