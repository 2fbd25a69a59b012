import os
import socket

from wizard.host.systemd import family, of_processes, on_port


def test_our_own_listener_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = on_port(port)
        assert [(listener.address, listener.port, listener.pid, listener.uid) for listener in found] == [
            ("127.0.0.1", port, os.getpid(), os.geteuid())
        ]
        assert found[0].program
        assert port in [listener.port for listener in of_processes(family(os.getpid()))]
    assert on_port(port) == []


def test_a_file_that_is_closed_meanwhile_hides_no_listener() -> None:
    first = os.open(os.devnull, os.O_RDONLY)
    with socket.create_server(("127.0.0.1", 0)) as server:
        # The next one to be opened gets this number: the folder that is being listed, closed before it is looked at.
        os.close(first)
        assert [listener.pid for listener in on_port(server.getsockname()[1])] == [os.getpid()]
        assert of_processes([os.getpid()])


def test_ipv6_addresses_are_written_as_such() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert [listener.address for listener in on_port(server.getsockname()[1])] == ["::1"]


def test_a_process_that_is_gone_listens_on_nothing() -> None:
    assert of_processes(family(2**22 + 1)) == []
