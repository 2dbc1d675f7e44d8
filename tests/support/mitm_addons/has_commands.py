"""Commands: defined, called from a hook, called wrongly."""

from collections.abc import Sequence

from mitmproxy import command, ctx, exceptions, flow, http, types


class HasCommands:
    @command.command("test.shout")
    def shout(self, text: str, times: int = 1) -> str:
        return text.upper() * times

    @command.command("test.count")
    def count(self, flows: Sequence[flow.Flow]) -> None:
        print("ADDON counted", len(flows), flush=True)

    @command.command("test.path")
    @command.argument("path", type=types.Path)
    def path(self, path: str) -> None:
        print("ADDON path", path, flush=True)

    def websocket_message(self, flow: http.HTTPFlow):
        message = flow.websocket.messages[-1]
        if not message.from_client:
            return
        message.text = ctx.master.commands.call("test.shout", message.text, 2)
        ctx.master.commands.call("test.count", [flow, flow])
        print("ADDON", ctx.master.commands.execute("test.shout hello 3"), flush=True)
        ctx.master.commands.execute("test.path some/where")
        for wrong in ("test.nothing", "test.shout", "test.shout x y"):
            try:
                ctx.master.commands.execute(wrong)
            except exceptions.CommandError as error:
                print("ADDON wrong", str(error).splitlines()[0], flush=True)


addons = [HasCommands()]
