"""What the stand-ins for systemd keep of a practice deployment, and the state of its service.

No json: `systemctl show` is asked often, and loading it takes a quarter of a call.
"""

import os

JOURNAL = "var/log/journal.log"
STATE = "run/unit"
STOP, RESTART, RESET, RELOAD = 15, 10, 12, 1
"""SIGTERM, SIGUSR1, SIGUSR2 and SIGHUP, which systemctl sends to the supervisor; `signal` is slow to load too."""


def read_record(root: str, name: str) -> dict[str, str]:
    """What the file *name* of the deployment holds; empty when it is not there."""
    try:
        with open(os.path.join(root, name), encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - pathlib would double the time
            words = stream.read().split("\0")
    except (OSError, ValueError):
        return {}
    return dict(zip(words[::2], words[1::2], strict=False))


def write_record(root: str, name: str, record: dict[str, str]) -> None:
    """Replace the file *name* of the deployment at once; without effect when another account asks, or it is gone."""
    path = os.path.join(root, name)  # noqa: PTH118 - as above
    try:
        with open(f"{path}.{os.getpid()}", "w", encoding="utf-8") as stream:  # noqa: PTH123 - as above
            stream.write("\0".join(word for pair in record.items() for word in pair))
        os.replace(f"{path}.{os.getpid()}", path)  # noqa: PTH105 - as above
    except OSError:
        pass


def read_state(root: str) -> dict[str, str]:
    """The state that the supervisor wrote last, with `failed` in its place when the supervisor was killed."""
    state = read_record(root, STATE)
    pid = int(state.get("Supervisor", "0"))
    if pid and not alive(pid):
        state |= {"Supervisor": "0", "MainPID": "0", "ActiveState": "failed", "SubState": "failed", "Result": "signal"}
    return state


def alive(pid: int) -> bool:
    """Whether a process of this id runs and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:  # noqa: PTH123 - as above
            return stream.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False
