"""Many endpoints at once: nodes of a cluster, gateways of a fleet, several server names or versions on one port."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from wizard.certificates.model import Certificate
from wizard.probing.contexts import ClientIdentity, Version
from wizard.probing.probe import probe
from wizard.probing.result import ProbeResult
from wizard.probing.trust import TrustSet

Progress = Callable[[int, int, ProbeResult], None]
"""Called in the caller's thread with how many are done, how many there are, and the one that just ended."""

WORKERS = 128
"""Most of a probe is waiting, so many may wait at once; each holds one socket and one thread."""


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint to look at; the members mean what they mean for `probe`."""

    host: str
    port: int
    servername: str | None = None
    expect: tuple[str, ...] = ()
    expected_chain: tuple[Certificate, ...] = ()
    tls: Version | None = None
    address: str | None = None


def probe_many(
    targets: Sequence[Target],
    *,
    workers: int = WORKERS,
    progress: Progress | None = None,
    client: ClientIdentity | None = None,
    timeout_s: float = 10,
    trust: Mapping[str, TrustSet] | None = None,
) -> tuple[ProbeResult, ...]:
    """Probe all *targets*, at most *workers* at the same time; results in the order of the targets.

    An exception in *progress* stops the rest that has not begun and comes out here.
    """

    def look(target: Target) -> ProbeResult:
        return probe(
            target.host,
            target.port,
            servername=target.servername,
            expect=target.expect,
            expected_chain=target.expected_chain,
            client=client,
            tls=target.tls,
            timeout_s=timeout_s,
            trust=trust,
            address=target.address,
        )

    if len(targets) == 1:
        only = look(targets[0])
        if progress is not None:
            progress(1, 1, only)
        return (only,)
    results: dict[int, ProbeResult] = {}
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(targets))), thread_name_prefix="probe") as pool:
        running = {pool.submit(look, target): place for place, target in enumerate(targets)}
        try:
            for future in as_completed(running):
                result = results[running[future]] = future.result()
                if progress is not None:
                    progress(len(results), len(targets), result)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return tuple(results[place] for place in range(len(targets)))
