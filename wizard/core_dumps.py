"""Keep the memory of a process, and the secrets in it, out of core dumps."""

import ctypes
import resource

_PR_SET_DUMPABLE, _CAP_SYS_PTRACE = 4, 19
"""Of <linux/prctl.h> and <linux/capability.h>."""


def no_core_dumps() -> None:
    """Keep this process out of core dumps; the programs that it starts inherit the limit.

    A process that may not be dumped also closes /proc/PID/fd to others, and keytool opens the files with its password
    and its store there. Only who has CAP_SYS_PTRACE, as root mostly does, still can: without it the limit alone counts.
    """
    # The hard limit stays: a server that a restart command starts may want core dumps of its own.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    try:
        with open("/proc/self/status", "rb") as status:  # noqa: PTH123 - pathlib is slow to load
            capabilities = next((int(line.split()[1], 16) for line in status if line.startswith(b"CapEff:")), 0)
    except OSError:
        return
    if capabilities >> _CAP_SYS_PTRACE & 1:
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
