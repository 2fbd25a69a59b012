"""Certificates outside the product: hand-off packs, files of the PKI team; only what opens without a password."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from wizard.certificates.chain import assemble
from wizard.certificates.fields import CLIENT_AUTH, SERVER_AUTH, usages
from wizard.certificates.model import Certificate
from wizard.certificates.reading import ReadingError, read
from wizard.diagnosis.timeline import GATEWAYS, Place
from wizard.errors import WizardError
from wizard.host.files import expand_inputs, read_input
from wizard.nodes.examined_files import certificate_facts
from wizard.printable import printable


def chains_in(paths: Sequence[str], base: Path) -> list[Place]:
    """One place for each chain in the files and folders *paths*; files that do not open are left out.

    Raises:
        WizardError: a path that was named does not exist.
    """
    found: list[Place] = []
    for file in expand_inputs(_with_packs(paths, base), base):
        try:
            bundle = read(read_input(file), name=str(file))
        except ReadingError as error:
            if error.partial is None:
                continue
            bundle = error.partial
        except WizardError:
            continue
        for chain in assemble(bundle):
            certificates = tuple(certificate_facts(each) for each in chain.certificates)
            if certificates:
                found.append(Place(printable(str(file)), _for_whom(chain.leaf), certificates))
    return found


def _with_packs(paths: Sequence[str], base: Path) -> list[str]:
    """*paths*, and the folders in those that are folders: each machine's pack is one."""
    result = list(paths)
    for path in paths:
        with suppress(OSError):
            found = sorted((base / Path(path).expanduser()).iterdir())
            result += [str(each) for each in found if each.is_dir() and not each.is_symlink() and any(each.iterdir())]
    return result


def _for_whom(leaf: Certificate | None) -> str:
    if leaf is None:
        return "everybody under this authority"
    allowed = usages(leaf)
    if allowed is not None and SERVER_AUTH in allowed and CLIENT_AUTH not in allowed:
        return GATEWAYS
    return "whoever uses this certificate"
