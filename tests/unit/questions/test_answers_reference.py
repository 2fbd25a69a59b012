"""The reference and the schema of the answers file say what the program takes."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.questions.test_answers import FULL
from wizard.errors import WizardError
from wizard.questions.answers import Answers
from wizard.questions.answers_file import dump, load
from wizard.questions.answers_reference import answers_schema, reference
from wizard.texts.en.answers import KEYS

VALIDATOR = Draft202012Validator(answers_schema())
FINGERPRINT = ":".join(["0A"] * 32)
VALUES = (
    *('""', '"auto"', '"yes"', '"no"', '"set-up"', '"cloud"', '"accepted"', '"built-in"', '"a b"', '"10.0.0.1"'),
    *(
        "0",
        "65535",
        "65536",
        "-1",
        "1.5",
        '"unchanged"',
        '"http://ocsp"',
        '"ftp://ocsp"',
        "true",
        "false",
        "1979-05-27",
        "[]",
        '["h"]',
        '["a b"]',
        "[1]",
        f'["{FINGERPRINT}"]',
    ),
    *(
        "{}",
        '{ file = "f" }',
        '{ file = "" }',
        "{ fd = 3 }",
        "{ fd = -1 }",
        "{ fd = 2147483648 }",
        '{ fd = "3" }',
        "{ prompt = true }",
        "{ keep = false }",
    ),
    *('{ env = "E", file = "f" }', "{ value-is-default = true }", "{ sesame = true }"),
)
"""Each fits some keys and no others."""


def _files() -> Iterator[tuple[str, str]]:
    heads = {"": "", "primary": "[primary]\n", "gateway": "[[gateway]]\n", "client": "[[client]]\n"}
    for table, keys in KEYS.items():
        for key in (*keys, "sesame"):
            for value in VALUES:
                yield f"{table}.{key} = {value}", f"schema = 1\n{heads.get(table, f'[{table}]')}\n{key} = {value}\n"


def _as_json(value: Any) -> Any:
    """Dates are nothing that JSON has."""
    if isinstance(value, dict):
        return {key: _as_json(each) for key, each in value.items()}
    return value if isinstance(value, (str, int, float, list)) else object()


def test_the_schema_takes_what_the_program_takes() -> None:
    Draft202012Validator.check_schema(answers_schema())
    taken: dict[bool, int] = {True: 0, False: 0}
    for name, text in _files():
        try:
            load(text)
        except WizardError:
            accepted = False
        else:
            accepted = True
        taken[accepted] += 1
        assert VALIDATOR.is_valid(_as_json(tomllib.loads(text))) is accepted, name
    assert min(taken.values()) > 100


@pytest.mark.parametrize("text", [FULL, dump(Answers()), dump(load(FULL)), "schema = 1\n"])
def test_a_good_file_is_valid(text: str) -> None:
    VALIDATOR.validate(tomllib.loads(text))


@pytest.mark.parametrize("text", ["", "schema = 2\n", "schema = 1\nprimary = 3\n", "schema = 1\ngateway = {}\n"])
def test_another_form_is_refused(text: str) -> None:
    assert not VALIDATOR.is_valid(tomllib.loads(text))
    with pytest.raises(WizardError):
        load(text)


def test_the_reference_names_each_key_once_in_its_table() -> None:
    tables = reference().split("\n## ")[1:]
    assert len(tables) == len(KEYS)
    for text, keys in zip(tables, KEYS.values(), strict=True):
        assert [line[3:].partition("`")[0] for line in text.splitlines() if line.startswith("- `")] == list(keys)
