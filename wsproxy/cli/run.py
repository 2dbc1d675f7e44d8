"""`wsproxy run`: the proxy itself."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from wsproxy.cli.addons import addon_options
from wsproxy.cli.decoding import flat
from wsproxy.cli.faulty import fault_set
from wsproxy.cli.fleetoptions import fleet_options, fleet_settings
from wsproxy.cli.grouped import GroupedCommand
from wsproxy.cli.lines import line_options
from wsproxy.cli.running import LogChoice, run_proxy
from wsproxy.cli.runtime import configure_logging, run_loop
from wsproxy.cli.types import SIZE, Parsed, duration
from wsproxy.config import Route, Settings, parse_route, parse_upstream
from wsproxy.filters.language import Filter, parse
from wsproxy.payloads.rules import DecodeRule

SHORTEST = 0.1
"""Seconds between two lines of statistics."""


_FILE = click.Path(path_type=Path, dir_okay=False)

EPILOG = """\b
Examples:
  wsproxy run ws://staging.example:8080
  wsproxy run wss://api.example/v2 --rewrite-origin --capture api.wsproxy
  wsproxy run ws://localhost:8000 --fault latency:latency=200ms --fault drop:probability=0.01
  wsproxy run --route 8080=ws://localhost:8000 --route 8090=wss://api.example/v2
  wsproxy run http://localhost:8888 -p 0 --log-format jsonl | jq .text
"""


GROUPS = {
    "Clients": (
        "--route",
        "--listen-port",
        "--listen-host",
        "--reuse-port",
        "--certs",
        "--request-timeout",
        "--max-connections",
    ),
    "The server behind": (
        "--ssl-insecure",
        "--upstream-ca",
        "--client-certs",
        "--keep-host-header",
        "--rewrite-origin",
    ),
    "The log": (
        "--quiet",
        "--verbose",
        "--stats",
        "--log-filter",
        "--log-format",
        "--log-width",
        "--decode",
        "--color",
    ),
    "The capture": (
        "--capture",
        "--capture-limit",
        "--max-payload",
        "--max-http-body",
        "--capture-secrets",
        "--secret-header",
        "--secret-key",
    ),
    "The page and its API": (
        "--web-port",
        "--web-host",
        "--web-token",
        "--metrics-public",
        "--no-web",
    ),
    "Faults": ("--fault", "--faults", "--seed"),
    "A fleet": (
        "--fleet",
        "--fleet-name",
        "--instance",
        "--fleet-payload",
        "--fleet-control",
        "--fleet-creds",
        "--fleet-nkey",
        "--fleet-ca",
        "--fleet-cert",
    ),
    "mitmproxy addons": ("--script", "--set", "--save-stream-file"),
}


@click.command("run", cls=GroupedCommand, groups=GROUPS, epilog=EPILOG)
@click.argument("upstream", type=Parsed("url", parse_upstream), required=False)
@click.option(
    "--route",
    "routes",
    type=Parsed("route", parse_route),
    multiple=True,
    metavar="PORT=URL",
    help="Listen on PORT for the upstream URL, beside UPSTREAM or instead of it; may be repeated."
    " All share the capture, the page and the faults.",
)
@click.option(
    "-p",
    "--listen-port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port for clients; 0 picks a free one and says which.",
)
@click.option(
    "--listen-host",
    default="127.0.0.1",
    show_default=True,
    help="Address for clients; 0.0.0.0 lets other machines in.",
)
@click.option(
    "--web-port",
    type=click.IntRange(0, 65535),
    help="Port of the page; 0 picks a free one. Without it 8081, or a free one if that is taken.",
)
@click.option(
    "--web-host",
    default="127.0.0.1",
    show_default=True,
    help="Address of the page; 0.0.0.0 lets other machines in, if they have the token.",
)
@click.option(
    "--web-token",
    metavar="T",
    help="What the page and its API ask for. Without it, a random one.",
)
@click.option(
    "--metrics-public", is_flag=True, help="Let /metrics on the page's port be read without token."
)
@click.option(
    "--reuse-port",
    is_flag=True,
    help="Let several wsproxy listen on one port, one for each core; the system shares clients out.",
)
@click.option("--no-web", is_flag=True, help="No page and no API.")
@click.option(
    "--capture",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Keep the capture in FOLDER; one that exists is continued. Without it,"
    " a private temporary file that is removed at the end.",
)
@click.option(
    "--capture-limit",
    type=SIZE,
    default="2GB",
    show_default=True,
    help="Drop the oldest frames where the capture outgrows this.",
)
@click.option(
    "--capture-secrets",
    is_flag=True,
    help="Record and show the values of Authorization, Cookie, X-Api-Key, ?token= and the like,"
    " which are masked otherwise.",
)
@click.option(
    "--secret-header",
    "secret_headers",
    multiple=True,
    metavar="NAME",
    help="Mask the values of this header, too; may be repeated.",
)
@click.option(
    "--secret-key",
    "secret_keys",
    multiple=True,
    metavar="NAME",
    help="Mask the values of this key of the query string, too; may be repeated.",
)
@click.option(
    "--max-payload",
    type=SIZE,
    default="1MiB",
    show_default=True,
    help="Record no more than this of a payload. All of it is relayed.",
)
@click.option(
    "--max-http-body",
    type=SIZE,
    default="64KiB",
    show_default=True,
    help="Record no more than this of each body of plain HTTP; 0 for none.",
)
@click.option(
    "-k", "--ssl-insecure", is_flag=True, help="Do not verify the upstream's certificate."
)
@click.option(
    "--upstream-ca",
    type=_FILE,
    metavar="PEM",
    help="Trust the authorities in PEM too, when verifying the upstream's certificate.",
)
@click.option(
    "--certs",
    type=_FILE,
    metavar="PEM",
    help="Listen with TLS (wss); PEM holds the certificate and its key.",
)
@click.option(
    "--client-certs",
    type=_FILE,
    metavar="PEM",
    help="Certificate and key to show to the upstream (mutual TLS).",
)
@click.option(
    "--keep-host-header",
    is_flag=True,
    help="Send the client's Host header on instead of the upstream's.",
)
@click.option(
    "--rewrite-origin",
    is_flag=True,
    help="Send the upstream's own Origin, for servers that check it.",
)
@click.option(
    "--request-timeout",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Drop a client whose request is not whole by then.",
)
@click.option(
    "--max-connections",
    type=click.IntRange(1),
    metavar="N",
    help="Clients at a time; more get 503. Without it, as many as the limit of open files allows.",
)
@click.option(
    "--fault",
    "fault_lines",
    multiple=True,
    metavar="SPEC",
    help="Put a fault in force, e.g. latency:latency=200ms,jitter=50ms,stream=downstream;"
    " may be repeated. `wsproxy faults list` knows them all.",
)
@click.option(
    "--faults", "scenario", type=_FILE, metavar="FILE", help="Put a scenario's faults in force."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="Where the faults' randomness comes from: the same seed and the same traffic give the"
    " same faults. Without it a new one, which is shown.",
)
@fleet_options
@addon_options
@click.option(
    "-q",
    "--quiet",
    count=True,
    help="Print no frames; -qq: errors only.",
)
@click.option(
    "-v",
    "--verbose",
    count=True,
    help="Print more diagnostics; -vv: all of them.",
)
@click.option(
    "--log-filter",
    type=Parsed("filter", parse),
    metavar="FILTER",
    help="Print only the frames that FILTER lets through. All are recorded.",
)
@click.option(
    "--stats",
    type=duration(SHORTEST),
    metavar="TIME",
    help="Print a line of statistics on standard error every so often, e.g. 5s.",
)
@line_options
def command(
    upstream: str | None,
    routes: tuple[Route, ...],
    quiet: int,
    verbose: int,
    log_filter: Filter | None,
    stats: float | None,
    log_format: str,
    decode: tuple[list[DecodeRule], ...],
    log_width: int,
    fault_lines: tuple[str, ...],
    scenario: Path | None,
    seed: int | None,
    scripts: tuple[str, ...],
    sets: tuple[str, ...],
    save_stream_file: str | None,
    **options: object,
) -> None:
    """Stand in front of UPSTREAM and show, record and relay every frame.

    UPSTREAM is a ws://, wss://, http:// or https:// URL. Point the client at the proxy's address
    instead of the server's; nothing is changed on the way, unless a fault does. A client that asks
    for no path gets exactly UPSTREAM; any other path is appended to UPSTREAM's own.
    """
    rules = flat(decode)
    fleet = fleet_settings(options)
    if upstream is None:
        if not routes:
            raise click.UsageError("Missing argument 'UPSTREAM' (or --route PORT=URL)")
        given = click.get_current_context().get_parameter_source("listen_port")
        if given is ParameterSource.COMMANDLINE:
            raise click.UsageError("-p goes with UPSTREAM: each --route has its port")
        (options["listen_port"], upstream), *others = routes
        routes = tuple(others)
    if routes and (scripts or sets or save_stream_file):
        raise click.UsageError("addons (-s, --set, -w) work with one upstream: leave --route")
    settings = Settings(
        upstream_url=upstream,
        routes=routes,
        decode=tuple(rules),
        fleet=fleet,
        **options,  # type: ignore[arg-type]
    )
    faults = fault_set(fault_lines, scenario, seed, rules)
    log = LogChoice(
        format=log_format,
        width=log_width,
        filter=log_filter,
        verbosity=verbose - quiet,
        stats=stats,
    )
    configure_logging(log.verbosity)
    addons = {"scripts": scripts, "sets": sets, "save_stream_file": save_stream_file}
    run_loop(run_proxy(settings, faults, log, addons))
