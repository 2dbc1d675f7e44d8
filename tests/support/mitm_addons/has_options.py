"""Options of every type, with and without a value from the command line."""

from collections.abc import Sequence
from typing import Optional

from mitmproxy import ctx, exceptions

NAMES = ["a_bool", "a_str", "an_optional", "an_int", "an_optional_int", "a_list", "a_choice"]


class HasOptions:
    def load(self, loader):
        loader.add_option("a_bool", bool, False, "A bool.")
        loader.add_option("a_str", str, "unset", "A str.")
        loader.add_option("an_optional", Optional[str], None, "A str or None.")
        loader.add_option("an_int", int, 1, "An int.")
        loader.add_option("an_optional_int", Optional[int], None, "An int or None.")
        loader.add_option("a_list", Sequence[str], [], "Some strings.")
        loader.add_option("a_choice", str, "one", "A choice.", choices=["one", "two"])

    def configure(self, updated):
        print("ADDON configure", sorted(set(NAMES) & set(updated)), flush=True)
        if "an_int" in updated and ctx.options.an_int > 100:
            raise exceptions.OptionsError("an_int is too large")

    def running(self):
        print("ADDON", [(name, getattr(ctx.options, name)) for name in NAMES], flush=True)

    def websocket_message(self, flow):
        if flow.websocket.messages[-1].content == b"change":
            ctx.options.an_int = 7
            ctx.options.update(a_str="changed", a_list=["x", "y"])
            try:
                ctx.options.an_int = 101
            except exceptions.OptionsError as error:
                print("ADDON refused", error, ctx.options.an_int, flush=True)


addons = [HasOptions()]
