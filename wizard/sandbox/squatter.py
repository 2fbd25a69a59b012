"""Another program that sits on the primary's port, for the fault of that name; ends when its folder is gone."""

import json
import os
import socket
import sys
import threading
import time

_MARK = ".practice-deployment.json"


def main(root: str) -> None:
    """Listen on the port of the deployment in *root* and answer nothing that looks like TLS."""
    mark = os.path.join(root, _MARK)  # noqa: PTH118 - as in unitfile
    with open(mark, encoding="utf-8") as stream:  # noqa: PTH123 - as in unitfile
        port = int(json.load(stream)["port"])
    parent = os.getppid()

    def look() -> None:
        while os.path.exists(mark) and os.getppid() == parent:  # noqa: PTH110 - as in unitfile
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=look, daemon=True).start()
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            channel, _ = listener.accept()
            with channel:
                channel.sendall(b"220 another program\r\n")


if __name__ == "__main__":
    main(sys.argv[1])
