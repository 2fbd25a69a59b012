"""What people read of a diagnosis: the headline first, narrow lines, nothing that acts."""

import gzip
import io
import json
import tarfile

import pytest

from tests.support.doctor_cases import CASES
from tests.support.doctor_facts import CONF, HEALTHY
from wizard.doctor.diagnose import diagnose
from wizard.doctor.facts import from_json
from wizard.doctor.text import FOLDER, bundle, diagnosis_lines
from wizard.secret import Redactor, Secret


def test_a_healthy_server_in_words() -> None:
    assert [line.text for line in diagnosis_lines(diagnose(HEALTHY))] == ["OK: nothing wrong was found."]


@pytest.mark.parametrize("code", CASES)
def test_every_diagnosis_fits_and_begins_with_its_headline(code: str) -> None:
    diagnosis = diagnose(CASES[code][0])
    lines = [line.text for line in diagnosis_lines(diagnosis)]
    if diagnosis.headline is not None:
        assert diagnosis.headline.code in " ".join(lines[:2])
        assert any(line.startswith(("  Repair: ", "  What to do:")) for line in lines)
    else:
        assert lines[0].startswith("OK: ")
    assert max(len(line) for line in lines) < 120
    assert sum(len(line) > 80 for line in lines) == 0


def test_hostile_text_is_inert() -> None:
    from tests.support.doctor_facts import but, file  # noqa: PLC0415 - only here

    facts = but(conf__file=file(CONF, kind="absent"), store=None, unit__name="x\x1b[2J\u202e")
    text = "\n".join(line.text for line in diagnosis_lines(diagnose(facts)))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_bundle_holds_its_files_and_no_secret() -> None:
    redactor = Redactor()
    redactor.learn(Secret("canary-Passw0rd"))
    from tests.support.doctor_facts import but  # noqa: PLC0415 - only here

    diagnosis = diagnose(but(journal=("login with canary-Passw0rd failed",)))
    data = bundle(diagnosis, {"wizard": "0.1.0"}, [{"id": "0001"}], redactor)
    assert data == bundle(diagnosis, {"wizard": "0.1.0"}, [{"id": "0001"}], redactor)
    assert b"canary-Passw0rd" not in gzip.decompress(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = archive.getnames()
        facts = archive.extractfile(f"{FOLDER}/facts.json")
        assert facts is not None
        replayed = from_json(json.load(facts))
    assert sorted(name.rpartition("/")[2] for name in names) == [
        "README.txt",
        "diagnosis.txt",
        "facts.json",
        "findings.json",
        "history.json",
        "versions.json",
    ]
    assert diagnose(replayed).root_causes == diagnosis.root_causes
