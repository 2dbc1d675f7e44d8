"""What a view orders for the whole fleet: faults, and with them breakpoints."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from wsproxy.errors import FaultError
from wsproxy.faults.control import FaultSet
from wsproxy.fleet.orders import Desk, Orders
from wsproxy.fleet.remote import Remote
from wsproxy.fleet.steward import Breakpoints
from wsproxy.fleet.waiting import FleetBreakpoints, OpenConnections

_log = logging.getLogger(__name__)


class FleetOrders:
    """What the view wants to be in force everywhere.

    The FaultSet and the breakpoints behind it strike and hold nothing: what is asked for is checked
    by them as at an instance.
    """

    def __init__(
        self,
        desk: Desk,
        who: str,
        faults: FaultSet,
        breakpoints: Breakpoints,
        remote: Remote,
        connections: OpenConnections,
    ) -> None:
        """`who` is the name that changes go by."""
        self._desk = desk
        self._who = who
        self.faults = FleetFaults(faults, self._changed)
        self.breakpoints = FleetBreakpoints(breakpoints, remote, connections, self._changed)

    def taken(self, orders: Orders, revision: int = 0) -> None:
        """Somebody else, or we ourselves before a restart, changed them."""
        try:
            self.faults.load(orders)
            self.breakpoints.load(orders)
        except ValueError as error:  # of another version, or of somebody who writes nonsense
            _log.warning("the orders of the fleet cannot be shown here: %s", error)

    def _changed(self, what: str) -> None:
        seed, specs = self.faults.orders()
        try:
            self._desk.put(Orders(seed, specs, self.breakpoints.orders(), self._who, what))
        except FaultError:
            self.taken(self._desk.newest)
            raise


class FleetFaults:
    """The faults of the whole fleet (web.interfaces.FaultControl)."""

    def __init__(self, faults: FaultSet, changed: Callable[[str], None]) -> None:
        self._faults = faults
        self._changed = changed
        self.strikes: Callable[[str], int] = lambda name: 0
        """How often a fault struck, everywhere."""

    @property
    def seed(self) -> int:
        return self._faults.seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._faults.seed = seed

    def faults(self) -> list[dict[str, Any]]:
        """All faults, in order, each with how often it struck."""
        return [fault | {"strikes": self.strikes(fault["name"])} for fault in self._faults.faults()]

    def add(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Add a fault; raises FaultError."""
        added = self._faults.add(spec)
        self._changed(f"fault {added['name']} added")
        return added

    def change(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some fields of a fault; raises KeyError, FaultError."""
        changed = self._faults.change(name, changes)
        self._changed(f"fault {name} changed")
        return changed

    def remove(self, name: str) -> None:
        """Remove a fault; raises KeyError."""
        self._faults.remove(name)
        self._changed(f"fault {name} removed")

    def populate(self, specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Put these faults in place of all others, or, if one is wrong, change nothing."""
        found = self._faults.populate(specs)
        self._changed(f"{len(found)} faults put in place of all others")
        return found

    def load_scenario(self, text: str) -> list[dict[str, Any]]:
        """Put the faults of a scenario in place of all others; raises FaultError."""
        found = self._faults.load_scenario(text)
        self._changed(f"a scenario of {len(found)} faults")
        return found

    def reset(self) -> None:
        """Remove all faults."""
        self._faults.reset()
        self._changed("all faults removed")

    def types(self) -> list[dict[str, Any]]:
        """Every type of fault with its attributes and what it does."""
        return self._faults.types()

    def orders(self) -> tuple[int, list[dict[str, Any]]]:
        """The seed, and the faults as they were written."""
        return self._faults.seed, [active.spec.as_json() for active in self._faults.current]

    def load(self, orders: Orders) -> None:
        """Take orders of somebody else."""
        self._faults.populate(orders.faults)
        self._faults.seed = orders.seed

    def check(self, asked: dict[str, Any] | str) -> tuple[list[str], int | None]:
        """What a fault or a scenario would do, in words (web.interfaces.FaultControl)."""
        return self._faults.check(asked)
