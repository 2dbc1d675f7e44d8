"""mitmproxy's Master with the addons that make sense here, on the running event loop."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from mitmproxy import exceptions, options, optmanager
from mitmproxy.addons import (
    anticache,
    anticomp,
    block,
    blocklist,
    clientplayback,
    command_history,
    comment,
    core,
    cut,
    dumper,
    export,
    intercept,
    keepserving,
    maplocal,
    mapremote,
    modifybody,
    modifyheaders,
    onboarding,
    proxyauth,
    readfile,
    savehar,
    serverplayback,
    stickyauth,
    stickycookie,
    upstream_auth,
)
from mitmproxy.master import Master as MitmMaster

from wsproxy.addonhost.dispatch import CachedAddonManager
from wsproxy.addonhost.logs import StderrLog
from wsproxy.addonhost.own import OwnOptions
from wsproxy.addonhost.proxyserver import Proxyserver
from wsproxy.addonhost.refused import REFUSED
from wsproxy.addonhost.save import Save
from wsproxy.addonhost.scripts import ScriptLoader
from wsproxy.errors import WsproxyError
from wsproxy.text.words import did_you_mean


class Master(MitmMaster):
    """mitmproxy's Master; everything is `load`ed, `wsproxy run` says when it is `running`."""

    addons: CachedAddonManager

    def __init__(self, opts: options.Options) -> None:
        super().__init__(opts, event_loop=asyncio.get_running_loop())
        opts.changed.disconnect(self.addons._configure_all)  # noqa: SLF001 - ours takes its place
        self.addons = CachedAddonManager(self)
        self.proxyserver = Proxyserver()
        self.termlog = StderrLog()
        self._termlog_addon = self.termlog  # its handler goes when `done` is over
        self.addons.add(self.termlog)
        self.addons.add(*self._default_addons())

    def _default_addons(self) -> list[Any]:
        """The addons of mitmdump in its order, less those that own sockets or TLS."""
        return [
            core.Core(),
            block.Block(),
            blocklist.BlockList(),
            anticache.AntiCache(),
            anticomp.AntiComp(),
            clientplayback.ClientPlayback(),
            command_history.CommandHistory(),
            comment.Comment(),
            cut.Cut(),
            export.Export(),
            onboarding.Onboarding(),
            proxyauth.ProxyAuth(),
            self.proxyserver,
            OwnOptions(),
            ScriptLoader(),
            serverplayback.ServerPlayback(),
            mapremote.MapRemote(),
            maplocal.MapLocal(),
            modifybody.ModifyBody(),
            modifyheaders.ModifyHeaders(),
            stickyauth.StickyAuth(),
            stickycookie.StickyCookie(),
            Save(),
            savehar.SaveHar(),
            upstream_auth.UpstreamAuth(),
            dumper.Dumper(),
            intercept.Intercept(),
            keepserving.KeepServing(),
            readfile.ReadFileStdin(),
        ]


def set_options(master: Master, specs: Sequence[str], values: dict[str, Any]) -> None:
    """Set `--set` specs (KEY=VALUE) and values that are known already.

    Specs for options that addons are still to add wait for them; see `check_deferred`.
    Raises WsproxyError for what cannot be set.
    """
    for spec in specs:
        name = spec.partition("=")[0]
        if name in REFUSED:
            raise WsproxyError(f"option {name} cannot be set here: {REFUSED[name]}")
    try:
        master.options.set(*specs, defer=True)
        master.options.update(**values)
    except exceptions.OptionsError as error:
        words = [_takes(master, *spec.partition("=")[::2]) for spec in specs]
        said = " ".join(str(error).split())
        wrong = next(filter(None, words), None)
        raise WsproxyError(f"{wrong} ({said})" if wrong else said) from None


def check_deferred(master: Master) -> None:
    """Raises WsproxyError if a `--set` named an option that nobody has, or one with a value that
    cannot be.
    """
    for name, waiting in sorted(master.options.deferred.items()):
        if name not in master.options:
            hint = did_you_mean(name, sorted(master.options.keys()), listed=False)
            raise WsproxyError(f"unknown option {name}{hint} (--set)")
        values = [str(value) for value in waiting.val]
        wrong = next(filter(None, (_takes(master, name, value) for value in values)), None)
        raise WsproxyError(wrong or f"{name} cannot be {', '.join(values) or 'without a value'}")


def _takes(master: Master, name: str, value: str) -> str | None:
    """What an option takes, in words, where `value` is nothing of the kind."""
    if name not in master.options:
        return None
    kind = optmanager.dump_dicts(master.options, [name])[name]["type"]
    if "int" in kind and not re.fullmatch(r"[+-]?[0-9]+", value):
        return f"the option {name} takes a whole number, not {value!r}"
    if kind == "bool" and value not in ("", "true", "false", "toggle"):
        return f"the option {name} takes true or false, not {value!r}"
    return None


def reverse_mode(upstream_url: str) -> str:
    """The mode of mitmproxy for an upstream: it knows http and https, not ws and wss."""
    url = urlsplit(upstream_url)
    scheme = {"ws": "http", "wss": "https"}.get(url.scheme, url.scheme)
    return f"reverse:{scheme}://{url.netloc.rpartition('@')[2]}"


def quiet_startup(master: Master, quiet: logging.Filter, *, on: bool) -> None:
    """Keep errors of the start off the terminal, or no longer."""
    handler = master.termlog.logger
    (handler.addFilter if on else handler.removeFilter)(quiet)
