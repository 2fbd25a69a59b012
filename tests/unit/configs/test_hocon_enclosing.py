import pytest

from wizard.configs import hocon
from wizard.errors import WizardError


@pytest.mark.parametrize(
    "text",
    [
        'a { h = 1, b { f = "", j = ${a.h}"/x" } }\n',
        'a { h = 1\n b { f = "" }\n j = ${?NOT_SET} }\n',
    ],
)
def test_an_object_around_the_value_is_no_follower(text: str) -> None:
    edited = hocon.parse(text.encode()).set("a.b.f", "/new").render().decode()
    assert edited == text.replace('f = ""', 'f = "/new"')


def test_a_reference_from_elsewhere_is_one() -> None:
    with pytest.raises(WizardError) as caught:
        hocon.parse(b'a { b { f = "" } }\nj = ${a.b.f}\n').set("a.b.f", "/new")
    assert caught.value.code == "hocon.others-follow"
