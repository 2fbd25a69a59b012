"""All facts of a diagnosis, collected once; plain data that can be saved and checked again elsewhere.

No secret is in it: of a password only its verdicts are kept. Times are RFC 3339 in UTC or, for files and processes,
seconds since 1970.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wizard.doctor.facts_files import (
    CertificateFacts,
    ConfFacts,
    Damage,
    FileFacts,
    JavaFacts,
    Judged,
    Place,
    Refused,
    SettingFacts,
    StoreFacts,
    TrustFacts,
)
from wizard.doctor.facts_service import (
    ChangedFile,
    ChangeFacts,
    ClockFacts,
    ExpectedSettings,
    Listener,
    ListenFacts,
    ProbeFacts,
    UnitFacts,
)

__all__ = [
    "SCHEMA",
    "CertificateFacts",
    "ChangeFacts",
    "ChangedFile",
    "ClockFacts",
    "ConfFacts",
    "Damage",
    "DoctorFacts",
    "ExpectedSettings",
    "FileFacts",
    "JavaFacts",
    "Judged",
    "ListenFacts",
    "Listener",
    "Place",
    "ProbeFacts",
    "Refused",
    "SettingFacts",
    "StoreFacts",
    "TrustFacts",
    "UnitFacts",
]

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class DoctorFacts:
    """One diagnosis. A part that is None was not seen; `unseen` says why, by the name of the part.

    Attributes:
        port: of the primary.
        servername: the name that gateways connect to, as far as known.
        name_from: where that is known from: `given`, `plan`, `leaf`, or "" when it is not known.
        own_names: host names of this machine; empty when they are not known.
        is_here: whether a name in the installed certificate leads to this machine; None when it was not looked up.
        versions: TLS versions that the first node speaks, each tried alone.
        journal: the unit's last lines, oldest first.
        probes: one for each node, with the server name.
        without_name: the first node without any server name.
    """

    clock: ClockFacts
    port: int
    servername: str = ""
    name_from: str = ""
    own_names: tuple[str, ...] = ()
    is_here: bool | None = None
    conf: ConfFacts | None = None
    store: StoreFacts | None = None
    java: JavaFacts | None = None
    cacerts: TrustFacts | None = None
    unit: UnitFacts | None = None
    journal: tuple[str, ...] | None = None
    listening: ListenFacts | None = None
    probes: tuple[ProbeFacts, ...] | None = None
    without_name: ProbeFacts | None = None
    versions: tuple[str, ...] | None = None
    change: ChangeFacts | None = None
    unseen: Mapping[str, str] = field(default_factory=dict)
    wizard: str = ""
    schema: int = SCHEMA

    @property
    def serves_installed(self) -> bool:
        """Whether the first node presents the very leaf of the configured key store."""
        leaf = self.store.leaf if self.store is not None else None
        served = self.probes[0].leaf if self.probes else None
        return leaf is not None and served is not None and leaf.sha256 == served.sha256
