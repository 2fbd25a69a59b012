"""The refusal of a HOCON text that does not parse, or that is beyond a bound of the wizard."""

from wizard import codes
from wizard.errors import TextSyntaxError
from wizard.findings import Code, Fact

_BOUNDS = {
    codes.HOCON_EXPANSION,
    codes.HOCON_LONG_PATH,
    codes.HOCON_TOO_LARGE,
    codes.HOCON_TOO_MANY_APPENDS,
    codes.HOCON_TOO_MANY_KEYS,
}


def syntax(spec: Code, place: tuple[int, int], case: str = "", **facts: Fact) -> TextSyntaxError:
    """The refusal for *spec* at *place*, which is line and column."""
    line, column = place
    error = TextSyntaxError(spec, line=line, column=column, case=case, subject="", **facts)
    error.beyond = spec in _BOUNDS
    return error
