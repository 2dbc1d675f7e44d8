"""Making the stream and the buckets of a fleet, or saying how those that are there differ."""

from __future__ import annotations

from dataclasses import dataclass

import nats.errors
import nats.js.errors
from nats.js.api import DiscardPolicy, KeyValueConfig, StorageType, StreamConfig
from nats.js.client import JetStreamContext

from wsproxy.errors import WsproxyError
from wsproxy.fleet.names import Names
from wsproxy.text.units import show_size

DAY = 24 * 3600.0

DUPLICATE_SECONDS = 120.0
"""How long the server knows message ids: a repetition within it costs nothing."""

INSTANCE_SECONDS = DAY
"""How long an instance that is gone stays in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the stream keeps."""

    replicas: int = 1
    age: float = DAY
    """Seconds."""
    size: int = 10 * 1000**3
    """Bytes."""
    drop_oldest: bool = True
    """What a full stream does; else it takes no more, and the instances wait."""
    memory: bool = False


async def create(js: JetStreamContext, names: Names, limits: Limits, *, update: bool) -> list[str]:
    """Make what is missing; returns a line for each thing that was made or changed.

    With `update`, what is there gets the limits. Raises WsproxyError that says what differs
    otherwise.
    """
    storage = StorageType.MEMORY if limits.memory else StorageType.FILE
    wanted = StreamConfig(
        name=names.stream,
        description=f"wsproxy: what the instances of the fleet {names.fleet} capture",
        subjects=names.subjects,
        max_age=limits.age,
        max_bytes=limits.size,
        discard=DiscardPolicy.OLD if limits.drop_oldest else DiscardPolicy.NEW,
        storage=storage,
        num_replicas=limits.replicas,
        duplicate_window=min(DUPLICATE_SECONDS, limits.age),
        allow_direct=True,
    )
    try:
        done = [await _stream(js, wanted, update=update)]
        for bucket, age in ((names.instances, INSTANCE_SECONDS), (names.control, None)):
            config = KeyValueConfig(
                bucket=bucket,
                ttl=age,
                storage=storage,
                replicas=limits.replicas,
                history=1 if age else 20,
            )
            done.append(await _bucket(js, config))
    except nats.js.errors.ServiceUnavailableError:
        raise WsproxyError(
            "this NATS has no JetStream, or not for this account: start nats-server with -js"
        ) from None
    except nats.js.errors.APIError as error:
        raise WsproxyError(f"NATS refuses: {error.description}") from None
    except nats.errors.Error as error:
        raise WsproxyError(f"NATS refuses: {error}") from None
    return [line for line in done if line]


async def _stream(js: JetStreamContext, wanted: StreamConfig, *, update: bool) -> str:
    assert wanted.name is not None
    try:
        info = await js.stream_info(wanted.name)
    except nats.js.errors.NotFoundError:
        await js.add_stream(wanted)
        return f"made the stream {wanted.name}: {_limits(wanted)}"
    differences = _differences(info.config, wanted)
    if not differences:
        return f"the stream {wanted.name} is there"
    if not update:
        raise WsproxyError(
            f"the stream {wanted.name} differs: {', '.join(differences)}; --update changes it"
        )
    await js.update_stream(wanted)
    return f"changed the stream {wanted.name}: {_limits(wanted)}"


async def _bucket(js: JetStreamContext, config: KeyValueConfig) -> str:
    try:
        await js.key_value(config.bucket)
    except nats.js.errors.BucketNotFoundError:
        await js.create_key_value(config)
        return f"made the bucket {config.bucket}"
    return f"the bucket {config.bucket} is there"


def _limits(config: StreamConfig) -> str:
    size = show_size(config.max_bytes or 0)
    full = "drops the oldest" if config.discard == DiscardPolicy.OLD else "takes no more"
    hours = (config.max_age or 0.0) / 3600
    return f"{config.num_replicas} replica(s), {hours:g} hours, {size}, {full} when full"


def _differences(found: StreamConfig, wanted: StreamConfig) -> list[str]:
    names = {
        "subjects": "subjects",
        "max_age": "--age (seconds)",
        "max_bytes": "--size (bytes)",
        "discard": "--when-full",
        "storage": "storage",
        "num_replicas": "--replicas",
    }
    return [
        f"{words} is {_shown(getattr(found, field))}, not {_shown(getattr(wanted, field))}"
        for field, words in names.items()
        if _shown(getattr(found, field)) != _shown(getattr(wanted, field))
    ]


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " ".join(sorted(map(str, value)))
    if isinstance(value, float):
        return f"{value:g}"
    return str(getattr(value, "value", value))
