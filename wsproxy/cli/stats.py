"""`wsproxy stats`: a capture in numbers."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from wsproxy.captures.opening import any_capture
from wsproxy.cli.decoding import decode_option, flat
from wsproxy.model.records import ConnectionRecord
from wsproxy.payloads.lines import many, size
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Sayings
from wsproxy.payloads.statistics import KindStatistics, Statistics, sessions
from wsproxy.protocol.close import close_code_name
from wsproxy.render.pretty import clock
from wsproxy.render.text import printable
from wsproxy.store.reader import Capture

PERCENTS = (50, 95, 99)

MAX_SESSIONS = 100
"""Sessions with reconnects that are told."""

SHOWN_SESSIONS = 10
"""Those of them that are shown as lines."""

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
        "reconnected": [_session(one) for one in joined if len(one) > 1][:MAX_SESSIONS],
        "gaps": [{"since": since, "seconds": seconds} for seconds, since in statistics.gaps],
        "http": _http(capture),
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


def _session(joined: list[ConnectionRecord]) -> dict[str, Any]:
    first = joined[0]
    return {
        "client": first.client.rpartition(":")[0],
        "target": first.target.partition("?")[0],
        "connections": [one.id for one in joined],
        "gaps": [
            after.opened - (before.closed or before.opened) for before, after in pairwise(joined)
        ],
    }


def _http(capture: Capture) -> dict[str, int]:
    """Requests of plain HTTP by status."""
    statuses = Counter(str(one.status or "no answer") for one in capture.http.all())
    return dict(sorted(statuses.items()))


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
    if found["http"]:
        told = ", ".join(f"{count:,} {status}" for status, count in found["http"].items())
        lines.append(f"plain HTTP: {told}")
    if found["gaps"]:
        told = ", ".join(
            f"{one['seconds']:,.1f} s at {clock(one['since'])}" for one in found["gaps"]
        )
        lines.append(f"longest silences: {told}")
    for one in found["reconnected"][:SHOWN_SESSIONS]:
        ids = " ".join(f"#{number}" for number in one["connections"][:SHOWN_SESSIONS])
        longest = _time(max(one["gaps"]))
        lines.append(
            f"session {one['client']} {printable(one['target'])}: {ids}, at most {longest} apart"
        )
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
