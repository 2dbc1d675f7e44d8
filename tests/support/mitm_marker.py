"""Loaded before the addon under test: tells the test when the proxy is ready and when it is idle."""


class Marker:
    def running(self) -> None:
        print("MARK running", flush=True)

    def client_connected(self, client: object) -> None:
        print("MARK open", flush=True)

    def client_disconnected(self, client: object) -> None:
        print("MARK closed", flush=True)

    def server_connected(self, data: object) -> None:
        print("MARK open", flush=True)

    def server_disconnected(self, data: object) -> None:
        print("MARK closed", flush=True)


addons = [Marker()]
