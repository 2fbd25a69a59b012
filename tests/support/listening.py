"""Wait for a practice service that was started."""

import socket
import time
from contextlib import suppress

from wizard.host.systemd import Service

_LIMIT_S = 60


def wait_listening(service: Service, port: int) -> None:
    """Return when something takes connections on *port*; refuse, as a restart does, when the service cannot come up."""
    give_up = time.monotonic() + _LIMIT_S
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
            return
        why = service.hopeless(service.show())
        if why is not None:
            raise service._refusal(*why)
        assert time.monotonic() < give_up, f"nothing listens on port {port}"
        time.sleep(0.05)
