"""All faults of a proxy: added, changed and removed while traffic flows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from wsproxy.errors import FaultError
from wsproxy.faults.attributes import attributes_of
from wsproxy.faults.chain import ActiveFault, FaultChain
from wsproxy.faults.refusals import Refusal, Refusals
from wsproxy.faults.registry import FAULT_TYPES
from wsproxy.faults.spec import Spec, parse_spec
from wsproxy.model.records import ConnectionRecord, Direction, FaultRecord
from wsproxy.payloads.sayings import InFlightSayings


class Live(Protocol):
    """An open connection, as far as it matters here (relay.interfaces.LiveConnection)."""

    def reconsider(self) -> None:
        """Look anew which faults there are."""


class FaultSet:
    """The faults in force (web.interfaces.FaultControl, and engine.listener.FaultSource).

    Every change takes the place of `current` at once, and connections that are open take it at
    their next message. Call it on the event loop's thread.
    """

    def __init__(
        self,
        seed: int,
        time: Callable[[], float],
        specs: Iterable[Spec] = (),
        sayings: InFlightSayings | None = None,
    ) -> None:
        """`time` gives seconds since the epoch. All randomness comes from `seed`. `sayings` tells
        filters what messages say.

        Raises FaultError where two of `specs` have one name.
        """
        self.seed = seed
        self._time = time
        self.sayings = sayings if sayings is not None else InFlightSayings()
        self.current: tuple[ActiveFault, ...] = ()
        self._lives: set[Live] = set()
        self._first_id: int | None = None
        self._refusals = Refusals(self)
        self._put(self._named(specs))

    # web.interfaces.FaultControl

    def faults(self) -> list[dict[str, Any]]:
        """All faults, in order, each with how often it struck."""
        return [_object(active) for active in self.current]

    def add(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Add a fault; raises FaultError."""
        return self.add_spec(parse_spec(spec, self._names()))

    def change(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some fields of a fault, `enabled` among them; raises KeyError, FaultError."""
        old = self._find(name)
        raw = old.spec.as_json()
        attributes = raw["attributes"]
        if changes.get("type", raw["type"]) != raw["type"]:
            attributes = {}
        for field, value in changes.items():
            if field == "attributes" and isinstance(value, dict):
                attributes |= value
            elif field in attributes:
                attributes[field] = value
            else:
                raw[field] = value
        if not isinstance(changes.get("attributes", {}), dict):
            raise FaultError("attributes: this is not a mapping of names to values", "attributes")
        raw["attributes"] = attributes
        spec = parse_spec(raw)
        if spec.name != name and spec.name in self._names():
            raise FaultError(f"there is a fault {spec.name!r} already", "name")
        new = ActiveFault(spec, self._time(), old.strikes)
        self._put(tuple(new if active is old else active for active in self.current))
        return _object(new)

    def remove(self, name: str) -> None:
        """Remove a fault; raises KeyError."""
        old = self._find(name)
        self._put(tuple(active for active in self.current if active is not old))

    def populate(self, specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Put these faults in place of all others, or, if one is wrong, change nothing."""
        taken: set[str] = set()
        parsed = []
        for raw in specs:
            parsed.append(parse_spec(raw, taken))
            taken.add(parsed[-1].name)
        self._put(self._named(parsed))
        return self.faults()

    def reset(self) -> None:
        """Remove all faults."""
        self._put(())

    def types(self) -> list[dict[str, Any]]:
        """Every type of fault with its attributes and what it does."""
        return [
            {
                "type": fault.type,
                "summary": fault.documentation()[0],
                "effect": fault.documentation()[1],
                "strikes": fault.scope.value,
                "example": fault.example,
                "attributes": [
                    {
                        "name": item.name,
                        "unit": item.unit.words,
                        "doc": item.doc,
                        "required": item.required,
                        "default": None if item.default is None else item.unit.show(item.default),
                    }
                    for item in attributes_of(fault)
                ],
            }
            for fault in FAULT_TYPES.values()
        ]

    def check(self, asked: dict[str, Any] | str) -> tuple[list[str], int | None]:
        """What a fault, or the text of a scenario file, will do, in plain English, a line a fault;
        and the scenario's seed. Raises FaultError.
        """
        if isinstance(asked, str):
            from wsproxy.faults.scenario import parse  # it loads YAML

            scenario = parse(asked)
            return scenario.explain(), scenario.seed
        return [parse_spec(asked, self._names()).explain()], None

    def load_scenario(self, text: str) -> list[dict[str, Any]]:
        """Put the faults of a scenario file (YAML) in place of all others; raises FaultError.

        Its seed, if it has one, is the seed from then on.
        """
        from wsproxy.faults.scenario import parse  # it loads YAML, which most runs do not need

        scenario = parse(text)
        active = self._named(scenario.faults)
        if scenario.seed is not None:
            self.seed = scenario.seed
        self._put(active)
        return self.faults()

    def add_spec(self, spec: Spec) -> dict[str, Any]:
        """Add a fault that was parsed already; raises FaultError."""
        if spec.name in self._names():
            raise FaultError(f"there is a fault {spec.name!r} already", "name")
        active = ActiveFault(spec, self._time())
        self._put((*self.current, active))
        return _object(active)

    # engine.listener.FaultSource

    def chain(
        self,
        connection: ConnectionRecord,
        direction: Direction,
        record: Callable[[FaultRecord], None],
    ) -> FaultChain:
        """The faults of one direction; `record` is told of every strike."""
        return FaultChain(self, connection, self._number(connection), direction, record)

    def refusal(
        self, connection: ConnectionRecord, record: Callable[[FaultRecord], None]
    ) -> Refusal | None:
        """What to do with an opening handshake; to be asked once for each."""
        return self._refusals.of(connection, self._number(connection), self._time(), record)

    def subscribe(self, live: Live) -> None:
        """Call `live.reconsider` when faults change, until `unsubscribe`."""
        self._lives.add(live)

    def unsubscribe(self, live: Live) -> None:
        """Undo subscribe."""
        self._lives.discard(live)

    def _number(self, connection: ConnectionRecord) -> int:
        # Ids go on where a continued capture ended; the random numbers must not.
        if self._first_id is None:
            self._first_id = connection.id
        return connection.id - self._first_id + 1

    def _names(self) -> set[str]:
        return {active.spec.name for active in self.current}

    def _find(self, name: str) -> ActiveFault:
        for active in self.current:
            if active.spec.name == name:
                return active
        raise KeyError(name)

    def _named(self, specs: Iterable[Spec]) -> tuple[ActiveFault, ...]:
        now = self._time()
        found: dict[str, ActiveFault] = {}
        for spec in specs:
            if spec.name in found:
                raise FaultError(f"there are two faults {spec.name!r}", "name")
            found[spec.name] = ActiveFault(spec, now)
        return tuple(found.values())

    def _put(self, current: tuple[ActiveFault, ...]) -> None:
        self.current = current
        for live in list(self._lives):
            live.reconsider()


def _object(active: ActiveFault) -> dict[str, Any]:
    return active.spec.as_json() | {"strikes": active.strikes[0]}
