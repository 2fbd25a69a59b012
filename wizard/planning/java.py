"""Java asked while planning, on copies in memory: it proves the new key store and makes the new trust store."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from wizard.change.plan import ImportTrust, PutFile
from wizard.change.targets import check_expected, look, resolve
from wizard.errors import WizardError
from wizard.findings import Finding, FindingSpec, Locator, Severity, refusal
from wizard.host import jre
from wizard.host.keytool import Keytool
from wizard.host.machine import Machine
from wizard.host.processes import memory_file, path_of
from wizard.planning.certificates import with_certificates
from wizard.planning.primary.inputs import Planned
from wizard.secret import Secret

STORE_REFUSED = FindingSpec(
    "store.java-refuses",
    Severity.ERROR,
    "the server's Java refuses the new key store",
    "{reason} [{keytool}].",
    "The server would start with its built-in certificate, and every gateway would go offline.",
    "Ask the PKI team for a certificate and key that this Java reads, or update the product.",
    "keytool of the product's JRE, asked on a copy",
)
CANNOT_RUN = FindingSpec(
    "jre.cannot-run",
    Severity.WARNING,
    "the server's Java does not run here",
    "Java has not opened the new key store: {reason}.",
    "A store that this Java cannot open shows only after the restart, by the probe.",
    "Make the plan on the server itself, or repair the product's JRE.",
    "design of the wizard",
)
SPECS = (STORE_REFUSED, CANNOT_RUN)

REFUSALS: tuple[FindingSpec, ...] = (
    refusal(
        "change.import-missing",
        "The imported certificate is not in the store",
        "keytool reported success, yet the copy of the trust store does not hold the certificate.",
        "The service would not trust the certificates of this authority after the restart.",
        "Nothing was changed; see whether type and password of the trust store are what they seem.",
        source="own rule: what cannot be read back was not written",
    ),
)


def ask_java(machine: Machine, planned: Planned) -> Planned:
    """*planned* with what the product's own Java says of it: both keytools run side by side.

    Nothing is asked when the findings forbid the change.

    Raises:
        WizardError: keytool cannot make the new trust store; `change.changed-since-review`.
    """
    plan = planned.plan
    stores = [step for step in plan.steps if isinstance(step, PutFile) and step.proof]
    imports = [step for step in plan.steps if isinstance(step, ImportTrust)]
    if planned.forbidden or not (stores or imports):
        return planned
    java = jre.identity(machine)
    with ThreadPoolExecutor() as pool:
        importing = pool.submit(_import, machine, imports, planned.secrets)
        proving = [pool.submit(_prove, machine, step, planned.secrets) for step in stores]
        asked: dict[str, PutFile | ImportTrust] = {step.id: step for step in importing.result()}
    findings = list(planned.findings)
    for each in proving:
        step, found = each.result()
        asked[step.id] = step
        findings += found
    steps = tuple(asked.get(step.id, step) for step in plan.steps)
    planned = replace(planned, plan=replace(plan, steps=steps, java=java), findings=tuple(findings))
    return with_certificates(machine, planned)


def _prove(machine: Machine, step: PutFile, secrets: Mapping[str, Secret]) -> tuple[PutFile, list[Finding]]:
    where = Locator("file", str(step.path))
    with memory_file(step.data) as copy:
        path = Path(path_of(copy))
        try:
            proof = Keytool.of(machine).prove_keystore(path, secrets[step.proof or ""], step.proof_alias)
        except WizardError as error:
            if error.code == "program.too-slow":
                raise
            # Where there is no keytool at all, the planner has said so.
            cannot_run = error.code.startswith("program.")
            return step, [Finding(CANNOT_RUN, where, {"reason": error.message})] if cannot_run else []
    if proof.ok:
        return replace(step, proven=proof.text), []
    reason = proof.text.replace(str(path), str(step.path))
    return step, [Finding(STORE_REFUSED, where, {"reason": reason, "keytool": proof.code})]


def _import(machine: Machine, steps: Sequence[ImportTrust], secrets: Mapping[str, Secret]) -> list[ImportTrust]:
    """Import one certificate after the other; each step starts from the result of the one before."""
    made: list[ImportTrust] = []
    for step in steps:
        target = resolve(machine, step.path)
        image, data = look(target)
        check_expected(target, image, step.expect)
        with memory_file(made[-1].data if made else data) as copy:
            path, password = Path(path_of(copy)), secrets[step.secret]
            try:
                Keytool.of(machine).import_trust(path, step.certificate, step.alias, password)
            except WizardError as error:
                message = error.message.replace(str(path), target.shown)
                raise WizardError(error.code, message, error.hint, str(step.path)) from error
            if step.sha256 not in jre.trust_fingerprints(path, password, name=target.shown):
                raise WizardError(
                    "change.import-missing",
                    f"keytool said that it imported {step.alias}, but the copy of {target.shown} does not hold it.",
                    "Nothing was changed. See whether the store's type and password are what they seem.",
                    str(step.path),
                )
            copy.seek(0)
            made.append(replace(step, data=copy.read()))
    return made
