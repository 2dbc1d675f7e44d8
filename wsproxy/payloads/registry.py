"""All decoders by name, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable

from wsproxy.payloads.decoded import Decoder, Facts, Payload, Sure
from wsproxy.payloads.protocols.discord import Discord
from wsproxy.payloads.protocols.graphql import GraphQL
from wsproxy.payloads.protocols.guacamole import Guacamole
from wsproxy.payloads.protocols.homeassistant import HomeAssistant
from wsproxy.payloads.protocols.jsonrpc import DevTools, JsonRpc
from wsproxy.payloads.protocols.jupyter import Jupyter
from wsproxy.payloads.protocols.mqtt import Mqtt
from wsproxy.payloads.protocols.nats import Nats
from wsproxy.payloads.protocols.phoenix import Phoenix
from wsproxy.payloads.protocols.rfb import Rfb
from wsproxy.payloads.protocols.signalr import SignalR
from wsproxy.payloads.protocols.slack import Slack
from wsproxy.payloads.protocols.socketio import SocketIO
from wsproxy.payloads.protocols.ssh import Ssh
from wsproxy.payloads.protocols.stomp import Stomp
from wsproxy.payloads.protocols.terminal import Kubernetes, Terminado, Ttyd
from wsproxy.payloads.protocols.vite import Vite
from wsproxy.payloads.protocols.wamp import Wamp
from wsproxy.payloads.protocols.webpack import Webpack
from wsproxy.payloads.values.ansi import Ansi
from wsproxy.payloads.values.bson import Bson
from wsproxy.payloads.values.cbor import Cbor
from wsproxy.payloads.values.compressed import NAMES as COMPRESSIONS
from wsproxy.payloads.values.decoder import Guessed, fixed
from wsproxy.payloads.values.form import Form
from wsproxy.payloads.values.formats import Format
from wsproxy.payloads.values.guess import read_base64, read_compressed
from wsproxy.payloads.values.json import Json
from wsproxy.payloads.values.jsonlines import JsonLines
from wsproxy.payloads.values.jwt import Jwt
from wsproxy.payloads.values.msgpack import MessagePack
from wsproxy.payloads.values.protobuf import Protobuf
from wsproxy.payloads.values.xml import Xml

Factory = Callable[[Facts], Decoder]

PROTOCOLS: tuple[type[Decoder], ...] = (
    SocketIO,
    GraphQL,
    DevTools,
    JsonRpc,
    Mqtt,
    Stomp,
    Nats,
    Jupyter,
    SignalR,
    Phoenix,
    Wamp,
    HomeAssistant,
    Discord,
    Slack,
    Vite,
    Webpack,
    Rfb,
    Guacamole,
    Kubernetes,
    Terminado,
    Ttyd,
    Ssh,
)
"""Where several recognise a message equally well, the first is taken."""

FORMATS: tuple[type[Format], ...] = (
    Json,
    JsonLines,
    MessagePack,
    Cbor,
    Protobuf,
    Bson,
    Form,
    Jwt,
    Xml,
    Ansi,
)


def _of_format(format_: Format) -> Factory:
    return fixed(
        format_.name,
        lambda payload: format_.read(payload.content, cut=bool(payload.missing)),
    )


def _of_compression(name: str) -> Factory:
    return fixed(name, lambda payload: read_compressed(name, payload.content))


FACTORIES: dict[str, Factory] = {
    Guessed.name: Guessed,
    **{one.name: one for one in PROTOCOLS},
    **{one.name: _of_format(one()) for one in FORMATS},
    **{name: _of_compression(name) for name in COMPRESSIONS},
    "base64": fixed(
        "base64", lambda payload: read_base64(payload.content, cut=bool(payload.missing))
    ),
}
"""By the name that `--decode` takes."""

_BY_SUBPROTOCOL = {name: one for one in PROTOCOLS for name in one.subprotocols}


def by_facts(facts: Facts) -> tuple[Factory, Sure] | None:
    """What the opening handshake settles: by subprotocol, else by path."""
    chosen = _BY_SUBPROTOCOL.get((facts.subprotocol or "").lower())
    if chosen is not None:
        return chosen, Sure.SURE
    for one in PROTOCOLS:
        if one.of_facts(facts):
            return one, Sure.LIKELY
    return None


def by_payload(facts: Facts, payload: Payload) -> tuple[Factory, Sure] | None:
    """What one of the first messages tells."""
    best: tuple[Factory, Sure] | None = None
    for one in PROTOCOLS:
        sure = one.of_payload(facts, payload)
        if sure is not None and (best is None or sure > best[1]):
            best = one, sure
    return best
