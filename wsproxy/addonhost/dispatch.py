"""Calling hooks: as mitmproxy's AddonManager does, but only of the addons that have them.

mitmproxy asks each of its thirty addons for each hook (72 us a message); here the answers are
kept until anything changes that they depend on.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import types
from collections.abc import Awaitable, Callable, Iterator
from time import monotonic
from typing import Any

from mitmproxy import exceptions, hooks
from mitmproxy.addonmanager import AddonManager, cut_traceback, traverse
from mitmproxy.flow import Flow
from mitmproxy.http import HTTPFlow

from wsproxy.addonhost.authors import noting_author, script_of
from wsproxy.addonhost.watch import Running

HookFunction = Callable[..., Awaitable[None] | None]

Group = list[HookFunction]
"""The hook of one addon in the chain and of those below it: an exception skips the rest."""

_log = logging.getLogger("mitmproxy.addonmanager")

_IDLE: dict[str, Callable[[Any], bool]] = {
    "dumper": lambda options: options.flow_detail == 0,
    "intercept": lambda options: not options.intercept_active,
}
"""Addons of mitmproxy's that do nothing at a message until an option says so."""


class CachedAddonManager(AddonManager):
    """mitmproxy's AddonManager with a memory of who has which hook."""

    def __init__(self, master: Any) -> None:
        self._groups: dict[str, list[Group]] = {}
        self.running: Running | None = None
        """The hook that runs now, and since when."""
        super().__init__(master)

    def invalidate(self) -> None:
        """Addons, their hooks or options may have changed: ask them anew."""
        self._groups.clear()

    def has(self, name: str) -> bool:
        """Whether any addon has a hook."""
        return bool(self.groups(name))

    def groups(self, name: str) -> list[Group]:
        """The functions to call for a hook."""
        groups = self._groups.get(name)
        if groups is None:
            found = (self._group(addon, name) for addon in self.chain)
            groups = self._groups[name] = [group for group in found if group]
        return groups

    def flow_hook(self, name: str, flow: HTTPFlow) -> Awaitable[None] | None:
        """Call a hook for a flow, then `update`.

        All of it is done on return unless an addon's hook is a coroutine: then what is returned
        has to be awaited.
        """
        rest = self._call(name, flow)
        if rest is not None:
            return self._then_update(rest, flow)
        if self.groups("update"):
            return self._call("update", [flow])
        return None

    def call(self, name: str, *args: Any) -> Awaitable[None] | None:
        """Call a hook that is not one of mitmproxy's; see `flow_hook`."""
        return self._call(name, *args)

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        await self.trigger_event(event)
        (message, *_) = event.args()
        if isinstance(message, Flow):
            await self.trigger_event(hooks.UpdateHook([message]))

    async def trigger_event(self, event: hooks.Hook) -> None:
        rest = self._call(event.name, *event.args())
        if rest is not None:
            await rest

    def trigger(self, event: hooks.Hook) -> None:
        if self.has(event.name):
            super().trigger(event)

    def clear(self) -> None:
        super().clear()
        self.invalidate()

    def register(self, addon: Any) -> Any:
        self.invalidate()
        try:
            return super().register(addon)
        finally:
            self.invalidate()

    def remove(self, addon: Any) -> None:
        super().remove(addon)
        self.invalidate()

    def add(self, *addons: Any) -> None:
        super().add(*addons)
        self.invalidate()

    def _configure_all(self, updated: set[str]) -> None:
        try:
            super()._configure_all(updated)
        finally:
            self.invalidate()  # a script's place, or whether an addon is idle, may have changed

    def _group(self, addon: Any, name: str) -> Group:
        try:
            return list(self._functions(addon, name))
        except exceptions.AddonManagerError as error:
            _report(error)
            return []

    def _functions(self, addon: Any, name: str) -> Iterator[HookFunction]:
        for each in traverse([addon]):
            function = getattr(each, name, None)
            if not function or isinstance(function, types.ModuleType):
                continue
            if not callable(function):
                raise exceptions.AddonManagerError(f"Addon handler {name} ({each}) not callable")
            idle = _IDLE.get(getattr(each, "name", type(each).__name__.lower()))
            if name == "websocket_message" and idle is not None and idle(self.master.options):
                continue
            script = script_of(function) if name == "websocket_message" else None
            yield function if script is None else noting_author(function, script)

    def _call(self, name: str, *args: Any) -> Awaitable[None] | None:
        """Call a hook; what is returned has to be awaited for the rest of it."""
        groups = self.groups(name)
        for index, group in enumerate(groups):
            try:
                for position, function in enumerate(group):
                    self.running = (function, monotonic())
                    result = function(*args)
                    self.running = None
                    if result is not None and inspect.isawaitable(result):
                        rest = [group[position + 1 :], *groups[index + 1 :]]
                        return self._await(result, rest, args)
            except exceptions.AddonHalt:
                return None
            except BaseException as error:
                self.running = None
                if _is_ours(error):
                    raise
                _report(error)
        return None

    async def _await(
        self, first: Awaitable[None], groups: list[Group], args: tuple[Any, ...]
    ) -> None:
        """Await a hook's result, then call the remaining functions."""
        pending: Awaitable[None] | None = first
        for group in groups:
            try:
                if pending is not None:
                    awaited, pending = pending, None
                    await awaited
                for function in group:
                    self.running = (function, monotonic())
                    result = function(*args)
                    self.running = None
                    if result is not None and inspect.isawaitable(result):
                        await result
            except exceptions.AddonHalt:
                return
            except BaseException as error:
                self.running = None
                if _is_ours(error):
                    raise
                _report(error)

    async def _then_update(self, rest: Awaitable[None], flow: HTTPFlow) -> None:
        await rest
        if self.groups("update"):
            pending = self._call("update", [flow])
            if pending is not None:
                await pending


def _is_ours(error: BaseException) -> bool:
    """Whether it is not the addon's, but meant for the task that waits for it."""
    if isinstance(error, GeneratorExit):
        return True
    if not isinstance(error, asyncio.CancelledError):
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and bool(task.cancelling())


def _report(error: BaseException) -> None:
    """Log what an addon raised, from its own file on, in mitmproxy's words."""
    traceback = error.__traceback__
    for name in ("_call", "_await"):
        traceback = cut_traceback(traceback, name)
    said = error if isinstance(error, Exception) else repr(error)
    _log.error("Addon error: %s", said, exc_info=(type(error), error, traceback))
