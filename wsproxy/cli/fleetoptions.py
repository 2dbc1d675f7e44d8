"""The options of commands that have to do with a fleet."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from wsproxy.cli.types import Parsed
from wsproxy.config import DEFAULT_FLEET, FleetSettings
from wsproxy.fleet.installed import need_nats
from wsproxy.text.units import parse_size

_FILE = click.Path(path_type=Path, dir_okay=False)

F = TypeVar("F", bound=Callable[..., Any])


def _payload(text: str) -> int:
    """A size, or `none`."""
    if text == "none":
        return 0
    try:
        return parse_size(text)
    except ValueError as error:
        raise ValueError(f"{error}, and not none") from None


_ACCESS = (
    click.option(
        "--fleet-name",
        metavar="NAME",
        default=DEFAULT_FLEET,
        show_default=True,
        help="Which fleet: several can be on one NATS.",
    ),
    click.option(
        "--fleet-creds",
        type=_FILE,
        metavar="FILE",
        help="Credentials for NATS: a JWT and its NKey, as nsc writes them.",
    ),
    click.option("--fleet-nkey", type=_FILE, metavar="FILE", help="The seed of an NKey for NATS."),
    click.option(
        "--fleet-ca",
        type=_FILE,
        metavar="PEM",
        help="Trust the authorities in PEM too, when verifying the certificate of NATS.",
    ),
    click.option(
        "--fleet-cert",
        type=_FILE,
        metavar="PEM",
        help="Certificate and key to show to NATS (mutual TLS).",
    ),
)

_MEMBER = (
    click.option(
        "--fleet",
        "fleet_servers",
        multiple=True,
        metavar="URL",
        help="Be an instance of a fleet on the NATS at URL, e.g. nats://localhost:4222; may be"
        " repeated for the servers of one cluster. A user and a password may stand in it.",
    ),
    click.option(
        "--instance",
        metavar="NAME",
        help="What this proxy is called in the fleet; the host's name without it.",
    ),
    *_ACCESS,
    click.option(
        "--fleet-payload",
        type=Parsed("size", _payload),
        metavar="SIZE",
        help="Send only so many bytes of each payload to the fleet, or with `none` nothing of it.",
    ),
    click.option(
        "--fleet-control",
        type=click.Choice(["on", "off"]),
        default="on",
        show_default=True,
        help="Whether the fleet may change anything here, or only look on.",
    ),
)


def fleet_options(command: F) -> F:
    """Gives `run` the options of an instance."""
    for option in reversed(_MEMBER):
        command = option(command)
    return command


def access_options(command: F) -> F:
    """Gives a command of `fleet` the NATS it works with."""
    for option in reversed(_ACCESS):
        command = option(command)
    return click.argument("servers", metavar="URL...", nargs=-1, required=True)(command)


def fleet_settings(options: dict[str, Any]) -> FleetSettings | None:
    """What the options of `fleet_options` say, taken out of `options`; None without `--fleet`.

    Raises WsproxyError where the extra is not installed.
    """
    servers = options.pop("fleet_servers")
    instance, payload = options.pop("instance"), options.pop("fleet_payload")
    control = options.pop("fleet_control") == "on"
    access = _access(options)
    if not servers:
        return None
    need_nats()
    instance = instance or socket.gethostname().partition(".")[0]
    return FleetSettings(
        servers=_checked(servers), instance=instance, payload=payload, control=control, **access
    )


def viewer_settings(servers: tuple[str, ...], options: dict[str, Any]) -> FleetSettings:
    """The same for somebody who looks on."""
    need_nats()
    return FleetSettings(servers=_checked(servers), **_access(options))


def _access(options: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": options.pop("fleet_name"),
        "credentials": options.pop("fleet_creds"),
        "nkey": options.pop("fleet_nkey"),
        "ca": options.pop("fleet_ca"),
        "certificate": options.pop("fleet_cert"),
    }


def _checked(servers: tuple[str, ...]) -> tuple[str, ...]:
    for server in servers:
        if server.partition("://")[0] not in ("nats", "tls", "ws", "wss"):
            raise click.UsageError(
                f"{server!r} is not a NATS URL: it begins with nats://, tls://, ws:// or wss://"
            )
    return servers
