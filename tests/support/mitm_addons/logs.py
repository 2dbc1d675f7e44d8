"""Logging, the old way and the new, and a hook that sees it."""

import logging

from mitmproxy import ctx
from mitmproxy.log import ALERT


class Logs:
    def add_log(self, entry):
        if entry.msg.endswith("logged"):
            print("ADDON add_log", entry.level, entry.msg.rpartition("] ")[2], flush=True)

    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        if not message.from_client:
            return
        logging.debug("ADDON debug logged")
        logging.info("ADDON info logged")
        logging.log(ALERT, "ADDON alert logged")
        logging.getLogger("my.own").warning("ADDON %s logged", "warning")
        logging.error("ADDON error logged")
        ctx.log.info("ADDON ctx.info logged")
        ctx.log.warn("ADDON ctx.warn logged")
        ctx.log.alert("ADDON ctx.alert logged")


addons = [Logs()]
