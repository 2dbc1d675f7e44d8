"""`wsproxy stats`: a capture in numbers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from wsproxy.cli.captures import any_capture
from wsproxy.cli.decoding import decode_option, flat
from wsproxy.model.records import ConnectionRecord
from wsproxy.payloads.lines import many, size
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Sayings
from wsproxy.payloads.statistics import KindStatistics, Statistics, sessions
from wsproxy.protocol.close import close_code_name
from wsproxy.render.text import printable
from wsproxy.store.reader import Capture

PERCENTS = (50, 95, 99)

EPILOG = """\b
Examples:
  wsproxy stats api.wsproxy
  wsproxy stats api.wsproxy --json | jq '.kinds[] | select(.unanswered > 0)'
"""


@click.command("stats", epilog=EPILOG)
@click.argument("capture", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@decode_option
def command(capture: Path, as_json: bool, decode: tuple[list[DecodeRule], ...]) -> None:
    """Show CAPTURE in numbers.

    Counts, bytes, rates and endings, and for each kind of message how many there were, how many
    were answered and how fast (docs/decoders.md).
    """
    with any_capture(capture) as path:
        opened = Capture(path)
        try:
            found = _object(opened, flat(decode))
        finally:
            opened.close()
    if as_json:
        click.echo(json.dumps(found))
        return
    for line in _lines(found):
        click.echo(line)


def _object(capture: Capture, rules: list[DecodeRule]) -> dict[str, Any]:
    connections = capture.connections()
    sayings = Sayings({one.id: one for one in connections}.get, rules)
    statistics = Statistics()
    for seen in capture.seen():
        said = sayings.of(seen.id, seen.record, seen.message)
        statistics.add(seen.id, seen.record, seen.message, said)
    joined = sessions(connections)
    return {
        "since": statistics.since,
        "until": statistics.until,
        "connections": len(connections),
        "sessions": len(joined),
        "reconnects": len(connections) - len(joined),
        "endings": dict(Counter(map(_ending, connections)).most_common()),
        **{
            way: {
                "frames": statistics.frames[index],
                "messages": statistics.messages[index],
                "bytes": statistics.bytes[index],
            }
            for index, way in enumerate(("upstream", "downstream"))
        },
        "violations": dict(statistics.violations.most_common()),
        "left_out": {why: counted.frames for why, counted in capture.left_out().items()},
        "kinds": [
            _kind(one) for one in sorted(statistics.kinds.values(), key=lambda one: -one.packets)
        ],
    }


def _ending(connection: ConnectionRecord) -> str:
    end = connection.end
    if end is None:
        return "open"
    if end.how == "closed" and end.code is not None:
        return f"closed {end.code} {close_code_name(end.code)}"
    return f"{end.how} {end.code}" if end.how == "refused" else end.how


def _kind(one: KindStatistics) -> dict[str, Any]:
    return {
        "protocol": one.protocol,
        "kind": one.kind,
        "packets": one.packets,
        "requests": one.requests,
        "answered": one.answered,
        "unanswered": one.requests - one.answered,
        **{f"p{percent}": one.percentile(percent) for percent in PERCENTS},
    }


def _lines(found: dict[str, Any]) -> list[str]:
    seconds = (found["until"] or 0) - (found["since"] or 0)
    joined = f"{many(found['sessions'], 'session')} ({many(found['reconnects'], 'reconnect')})"
    lines = [f"{many(found['connections'], 'connection')} in {joined}, {seconds:,.1f} s"]
    for way, arrow in (("upstream", "->"), ("downstream", "<-")):
        one = found[way]
        rate = f", {one['messages'] / seconds:,.1f} messages a second" if seconds else ""
        counts = f"{one['frames']:,} frames, {one['messages']:,} messages"
        lines.append(f"{arrow} {counts}, {size(one['bytes'])}{rate}")
    for title in ("endings", "violations", "left_out"):
        if found[title]:
            words = ", ".join(f"{count:,} {name}" for name, count in found[title].items())
            lines.append(f"{title.replace('_', ' ')}: {words}")
    if found["kinds"]:
        head = "".join(f"{f'p{percent}':>10}" for percent in PERCENTS)
        lines += ["", f"{'protocol':<15}{'kind':<34}{'packets':>9}{'unanswered':>12}{head}"]
    for one in found["kinds"]:
        times = "".join(f"{_time(one[f'p{percent}']):>10}" for percent in PERCENTS)
        unanswered = f"{one['unanswered']:,}" if one["requests"] else ""
        kind = printable(one["kind"])[:32]
        row = f"{one['protocol']:<15}{kind:<34}{one['packets']:>9,}{unanswered:>12}{times}"
        lines.append(row.rstrip())
    return lines


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
