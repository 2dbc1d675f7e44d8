"""A small fault engine: enough of ports.FaultControl to see that the API steers one."""

from __future__ import annotations

import json
from typing import Any

from wsproxy.errors import FaultError
from wsproxy.faults.steps import Send, Step
from wsproxy.passing import Passing
from wsproxy.ports import LiveConnection
from wsproxy.records import ConnectionRecord, Direction


class FakeFaults:
    """Knows one kind, `drop`; strikes every message of its stream."""

    def __init__(self) -> None:
        self._faults: dict[str, dict[str, Any]] = {}
        self._live: set[LiveConnection] = set()

    # ports.FaultControl

    def faults(self) -> list[dict[str, Any]]:
        return list(self._faults.values())

    def add(self, spec: dict[str, Any]) -> dict[str, Any]:
        fault = _checked(spec)
        self._faults[fault["name"]] = fault
        self._reconsider()
        return fault

    def change(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        fault = _checked({**self._faults[name], **changes})
        self._faults[name] = fault
        self._reconsider()
        return fault

    def remove(self, name: str) -> None:
        del self._faults[name]
        self._reconsider()

    def populate(self, specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        checked = [_checked(spec) for spec in specs]
        self._faults = {fault["name"]: fault for fault in checked}
        self._reconsider()
        return self.faults()

    def reset(self) -> None:
        self._faults.clear()
        self._reconsider()

    def kinds(self) -> list[dict[str, Any]]:
        chance = {
            "name": "note",
            "unit": "text",
            "doc": "Anything.",
            "required": False,
            "default": "",
        }
        return [
            {
                "type": "drop",
                "summary": "Drops messages.",
                "effect": "They never arrive.",
                "attributes": [chance],
            }
        ]

    def load_scenario(self, text: str) -> list[dict[str, Any]]:
        try:
            return self.populate(json.loads(text)["faults"])
        except ValueError as error:
            raise FaultError(str(error)) from None

    # engine.listener.FaultSource

    def chain(self, connection: ConnectionRecord, direction: Direction, *_: object) -> FakeChain:
        return FakeChain(self, direction)

    def subscribe(self, live: LiveConnection) -> None:
        self._live.add(live)

    def unsubscribe(self, live: LiveConnection) -> None:
        self._live.discard(live)

    def _reconsider(self) -> None:
        for live in list(self._live):
            live.reconsider()


class FakeChain:
    """The faults of one direction."""

    def __init__(self, faults: FakeFaults, direction: Direction) -> None:
        self._faults = faults
        self._stream = direction.name.lower()

    @property
    def _mine(self) -> list[dict[str, Any]]:
        return [f for f in self._faults.faults() if f["enabled"] and f["stream"] == self._stream]

    @property
    def active(self) -> bool:
        return bool(self._mine)

    def passed(self, passing: Passing, now: float) -> list[Step]:
        for fault in self._mine:
            if not passing.is_control:
                fault["strikes"] += 1
                passing.drop(f"fault {fault['name']}")
        return [Send(passing)]

    def next_time(self) -> float | None:
        return None

    def tick(self, now: float) -> list[Step]:
        return []


def _checked(spec: dict[str, Any]) -> dict[str, Any]:
    if spec.get("type") != "drop":
        raise FaultError(f"there is no fault {spec.get('type')!r}")
    return {
        "name": spec.get("name", "drop"),
        "type": "drop",
        "stream": spec.get("stream", "downstream"),
        "enabled": spec.get("enabled", True),
        "attributes": spec.get("attributes", {}),
        "strikes": spec.get("strikes", 0),
    }
