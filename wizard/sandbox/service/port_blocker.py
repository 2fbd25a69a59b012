"""Another program on the primary's port, for the fault of that name.

It outlives the service that it keeps from starting; it ends with `systemctl stop`, or when its folder is gone.
"""

import contextlib
import json
import os
import socket
import threading
import time
from pathlib import Path

from wizard.sandbox.service.unit_file import WANTED

_MARK = ".practice-deployment.json"


def main(arguments: list[str]) -> int:
    """Listen on the port of the deployment in the folder that is the only argument; answer nothing like TLS."""
    root = arguments[0]
    mark = os.path.join(root, _MARK)  # noqa: PTH118 - as in unitfile
    port = json.loads(Path(mark).read_bytes())["port"]
    wanted = os.path.join(root, WANTED)  # noqa: PTH118 - as in unitfile

    def look() -> None:
        while os.path.exists(mark) and os.path.exists(wanted):
            time.sleep(0.2)
        os._exit(0)

    def tell() -> None:
        """The port is taken: now the primary may start."""
        with contextlib.suppress(OSError), open(wanted, "r+", encoding="ascii") as stream:  # noqa: PTH123 - as above
            stream.write("taken")

    try:
        listener = socket.create_server(("127.0.0.1", port))
    except OSError:
        tell()  # an earlier one has the port
        return 0
    tell()
    threading.Thread(target=look, daemon=True).start()
    with listener:
        while True:
            channel, _ = listener.accept()
            with channel:
                channel.sendall(b"220 another program\r\n")
