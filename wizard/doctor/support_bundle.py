"""The support bundle: what a diagnosis saw and concluded, for people who have no access to the machine.

It is made of facts, findings and versions alone. Key material and passwords are never read into it; what the facts
hold as text (journal lines, values of settings) goes through the redactor once more.
"""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping, Sequence

from wizard.doctor.diagnose import Diagnosis
from wizard.doctor.text import diagnosis_lines
from wizard.secret import Redactor

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
