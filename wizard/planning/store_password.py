"""Which password a new store gets: given, generated, or the installed one."""

from collections.abc import Callable, Sequence

from wizard import codes
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.planning.inputs import PlanInputs
from wizard.questions.answers import SourceKind
from wizard.questions.passwords import Consumer, require_fit
from wizard.secret import Secret


def store_password(
    inputs: PlanInputs,
    name: str,
    readers: tuple[Consumer, ...],
    installed: Secret | None,
    generated: Callable[[], Secret],
) -> tuple[Secret, Sequence[Finding]]:
    """The password for the store whose answer is *name*, and what its readers have against it.

    Args:
        inputs: with the answers and the secrets.
        name: key of the answer, such as `primary.keystore-password`.
        readers: who must be able to use it.
        installed: that of the store which is there and opens; None without one.
        generated: gives one, where the operator wants that.

    Raises:
        WizardError: `rekey.nothing-to-keep`, `secret.missing`, or a reader cannot use it.
    """
    kind = inputs.answers.get(name).kind
    if kind is SourceKind.GENERATE:
        return generated(), ()
    if kind is SourceKind.KEEP:
        if installed is None:
            raise WizardError(codes.REKEY_NOTHING_TO_KEEP, subject=name)
        return installed, require_fit(installed, inputs.answers.store_of(name), readers)
    given = inputs.secret(name)
    if given is None:
        raise WizardError(codes.SECRET_MISSING, case="new-store", subject=name, name=name)
    return given, require_fit(given, inputs.answers.store_of(name), readers)
