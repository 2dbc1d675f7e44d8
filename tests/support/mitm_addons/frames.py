"""The hook that mitmproxy lacks: it is never called there."""


def websocket_frame(flow, frame):
    bits = "".join(name for name in ("fin", "rsv1", "rsv2", "rsv3") if getattr(frame, name))
    side = "client" if frame.from_client else "server"
    print(
        "ADDON",
        side,
        frame.opcode,
        bits,
        frame.masked,
        frame.payload_length,
        frame.payload,
        flush=True,
    )
    if frame.payload == b"change me":
        frame.payload = b"changed"
    if frame.payload == b"drop me":
        frame.drop()
    if frame.payload == b"bits":
        frame.rsv2 = True
    if frame.opcode == 9:
        frame.payload += b"!"


def websocket_message(flow):
    print("ADDON message", flow.websocket.messages[-1], flush=True)
