"""A practice deployment as the doctor's tests need it: started, settled, examined in this process."""

import json
import socket
import time
from contextlib import suppress
from typing import Any

import pytest

from tests.support.practice import Practice
from wizard.cli.main import main
from wizard.doctor.collect.run import Asked, collect
from wizard.doctor.diagnose import Diagnosis, diagnose
from wizard.sandbox.service.records import STATE, read_state

NAME = "primary-host"
"""What the operator knows and no file tells for certain: the name that gateways connect to."""


def settle(made: Practice) -> None:
    """Start the service and wait until it listens, or has given up."""
    made.systemctl("start")
    _, port = made.deployment.endpoint.rsplit(":", 1)
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        with suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), timeout=1):
            time.sleep(0.1)
            return
        with suppress(KeyError):
            told = read_state(str(made.root))
            if told["ActiveState"] in {"failed", "inactive"} or int(told["NRestarts"]) >= 3:
                return
        if not (made.root / STATE).exists():
            return
        time.sleep(0.03)
    raise AssertionError("the practice primary neither listens nor gives up")


def examined(made: Practice, name: str = NAME) -> Diagnosis:
    """What the doctor says of the deployment."""
    return diagnose(collect(made.deployment.machine, Asked(servername=name)))


class Call:
    """A command run in this process on one deployment."""

    def __init__(self, made: Practice, capsys: pytest.CaptureFixture[str]) -> None:
        self._made, self._capsys = made, capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        self._capsys.readouterr()
        code = main([*self._made.options, *words])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *words: str) -> Any:
        """The object that it prints."""
        _, out, err = self(*words, "--json")
        assert out, err
        return json.loads(out)
