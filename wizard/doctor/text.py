"""A diagnosis for people: the headline, its cause, what can be done, what was not seen; and a support bundle of it."""

import gzip
import io
import json
import tarfile
import textwrap
from collections.abc import Mapping, Sequence

from wizard.doctor.diagnose import Diagnosis
from wizard.doctor.repair.choose import Repair
from wizard.doctor.rule import Result
from wizard.findings import Finding
from wizard.printable import printable
from wizard.reports.lines import SEVERITIES, WIDTH, Line, Tone
from wizard.secret import Redactor


def diagnosis_lines(diagnosis: Diagnosis, *, prefix: str = "cloudstream-wizard") -> list[Line]:
    """The whole diagnosis.

    Args:
        diagnosis: to be shown.
        prefix: how the operator calls the program, for the commands that are suggested.
    """
    result: list[Line] = []
    roots = [_first(diagnosis, code) for code in diagnosis.root_causes]
    if not roots:
        result += _wrapped("OK: nothing wrong was found.", Tone.GOOD)
    for number, (finding, repair) in enumerate(zip(roots, diagnosis.repairs, strict=True)):
        result += [Line("")] if number else []
        result += _root(finding, repair, diagnosis, prefix)
    reported = {finding.code for finding in roots}
    others = [
        finding for finding in diagnosis.findings if finding.code not in reported and finding.caused_by not in reported
    ]
    if others:
        result += [Line(""), Line("Also found:", Tone.HEADING)]
        for finding in others:
            result += _finding(finding)
    result += _unseen(diagnosis)
    return result


def _first(diagnosis: Diagnosis, code: str) -> Finding:
    return next(finding for finding in diagnosis.findings if finding.code == code)


def _root(finding: Finding, repair: Repair, diagnosis: Diagnosis, prefix: str) -> list[Line]:
    result = _wrapped(f"{SEVERITIES[finding.severity][0]}: {finding.title} [{finding.code}]", Tone.HEADING)
    same = [each for each in diagnosis.findings if each.code == finding.code]
    for each in same:
        result += _wrapped(each.message, SEVERITIES[each.severity][1], indent="  ")
    result += _wrapped(finding.why, indent="  ")
    symptoms = [each for each in diagnosis.findings if _leads_to(each, finding.code, diagnosis)]
    if symptoms:
        result.append(Line("  Consequences:"))
        for each in symptoms:
            result += _wrapped(f"- {each.message} [{each.code}]", Tone.FAINT, indent="    ")
    return result + _repair(repair, prefix)


def _leads_to(finding: Finding, code: str, diagnosis: Diagnosis) -> bool:
    """Whether *code* is the cause of *finding*, directly or through other findings."""
    seen: set[str] = set()
    cause = finding.caused_by
    while cause is not None and cause not in seen:
        if cause == code:
            return True
        seen.add(cause)
        cause = _first(diagnosis, cause).caused_by
    return False


def _repair(repair: Repair, prefix: str) -> list[Line]:
    if repair.automatic:
        first = _wrapped(f"Repair: {repair.summary}.", Tone.GOOD, indent="  ")
        return [*first, Line(f"    {prefix} doctor --fix {repair.code}")]
    result = [Line("  What to do:")]
    for number, step in enumerate(repair.steps, start=1):
        result += _wrapped(f"{number}. {printable(step)}", indent="    ")
    return result


def _finding(finding: Finding) -> list[Line]:
    word, tone = SEVERITIES[finding.severity]
    return _wrapped(f"{word}: {finding.message} [{finding.code}]", tone) + _wrapped(finding.fix, indent="  ")


def _unseen(diagnosis: Diagnosis) -> list[Line]:
    by_reason: dict[str, list[str]] = {}
    for outcome in diagnosis.not_seen:
        reason = outcome.reason if outcome.result is Result.NOT_RUN else f"the rule failed ({outcome.reason})"
        by_reason.setdefault(reason, []).append(outcome.rule.removeprefix("doctor."))
    if not by_reason:
        return []
    result = [Line(""), Line("Could not be checked:", Tone.HEADING)]
    for reason, rules in by_reason.items():
        result += _wrapped(f"{', '.join(rules)}: {printable(reason)}", Tone.FAINT, indent="  ")
    return result


def log_lines(findings: Sequence[Finding]) -> list[Line]:
    """What the lines of a log mean."""
    if not findings:
        return [Line("The wizard knows none of its lines.")]
    result: list[Line] = []
    for finding in findings:
        word, tone = SEVERITIES[finding.severity]
        result += _wrapped(f"{word}: {finding.title} [{finding.code}]", tone)
        for text in (finding.message, finding.why, finding.fix):
            result += _wrapped(text, indent="  ")
    return result


def _wrapped(text: str, tone: Tone = Tone.PLAIN, *, indent: str = "") -> list[Line]:
    more = {"initial_indent": indent, "subsequent_indent": indent + "  "}
    lines = textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False, **more)  # type: ignore[arg-type]  # two texts
    return [Line(line, tone) for line in lines or [indent]]


FOLDER = "cloudstream-wizard-support"

README = """\
A support bundle of cloudstream-wizard.

  diagnosis.txt   the diagnosis as text
  facts.json      what was read; to check it again: cloudstream-wizard doctor --facts facts.json
  findings.json   findings, root causes and the outcome of every rule
  versions.json   of the wizard, Python and its libraries, the system, the product's Java
  history.json    changes that the wizard made on this machine

Certificates are listed by subject, dates and fingerprint. It contains no private
key, no key store, no password and no content of application.conf.
It contains host names, paths and account names of the server.
"""


def bundle(
    diagnosis: Diagnosis, versions: Mapping[str, str], history: Sequence[Mapping[str, object]], redactor: Redactor
) -> bytes:
    """A gzip-compressed tar archive; the same input gives the same bytes.

    Args:
        diagnosis: with its facts.
        versions: name to version.
        history: entries of the changes on record.
        redactor: knows the secrets of this run.
    """
    whole = diagnosis.as_json()
    facts = whole.pop("facts")
    members = {
        "README.txt": README,
        "diagnosis.txt": "".join(f"{line.text}\n" for line in diagnosis_lines(diagnosis)),
        "facts.json": _json(facts),
        "findings.json": _json(whole),
        "versions.json": _json(dict(versions)),
        "history.json": _json(history),
    }
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in members.items():
            data = redactor.scrub(text).encode(errors="backslashreplace")
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            entry.size, entry.mode = len(data), 0o600
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(stream.getvalue(), mtime=0)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
