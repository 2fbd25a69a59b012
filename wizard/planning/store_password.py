"""Which password a new store gets: given, generated, or the installed one."""

from collections.abc import Callable, Sequence

from wizard.errors import WizardError
from wizard.findings import Finding, FindingSpec, Severity
from wizard.planning.inputs import PlanInputs
from wizard.questions.answers import SourceKind
from wizard.questions.passwords import Consumer, require_fit
from wizard.secret import Secret

REFUSALS = (
    FindingSpec(
        "rekey.nothing-to-keep",
        Severity.BLOCKER,
        "no password to keep",
        "The installed password shall be kept, and no key store that opens is installed.",
        "A wrong password would be carried on.",
        "Let a password be generated, or type one.",
        "design of the wizard",
    ),
)


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
            raise WizardError(
                "rekey.nothing-to-keep",
                "No store that opens is installed, so there is no password to keep.",
                "Go back and let one be generated, or type one.",
                name,
            )
        return installed, require_fit(installed, name, readers)
    given = inputs.secret(name)
    if given is None:
        raise WizardError(
            "secret.missing",
            "The password of the new store is not given.",
            f"Give --secret {name}=file:PATH, or answer\n{{ generate = true }}.",
            name,
        )
    return given, require_fit(given, name, readers)
