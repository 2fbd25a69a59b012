"""Dataclasses without their price at start-up: 0.7 ms for each class, and there are more than a hundred.

`dataclasses.dataclass` compiles six methods for each class while its module is loaded (CPython 3.11 and 3.12); here all
classes share the same ones, and a constructor is compiled when it is first needed. `fields`, `replace` and `match` work
as with any other dataclass.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

__all__ = ["dataclass"]

_T = TypeVar("_T")

if TYPE_CHECKING:
    # Nothing is different about the types: not of the fields, nor of what may be done with them.
    from dataclasses import dataclass
else:

    def dataclass(*, slots: bool, frozen: bool = False, repr: bool = True) -> Callable[[type[_T]], type[_T]]:  # noqa: A002 - its name in `dataclasses`
        """As `dataclasses.dataclass` for a class with slots and without a base that is one; compared by all fields."""

        def decorate(plain: type[_T]) -> type[_T]:
            # Without one, `dataclasses` would write the signature there, for which it has to be worked out.
            plain.__doc__ = plain.__doc__ or plain.__name__
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(plain)
            methods = {"__eq__": _eq, "__hash__": _hash if frozen else None}
            if repr:
                methods["__repr__"] = _repr
            for name, method in methods.items():
                if plain.__dict__.get(name) is None:
                    setattr(made, name, method)
            if frozen:
                made.__setattr__ = made.__delattr__ = _refuse
                made.__getstate__, made.__setstate__ = _getstate, _setstate
            names = [each.name for each in dataclasses.fields(made) if each.compare]
            made.record_values = attrgetter(*names or ["__class__"])
            made.__init__ = _first_init(made)
            return made

        return decorate


def _first_init(made: Any) -> Callable[..., None]:
    """A constructor that has the real one compiled, puts it into its own place, and hands over."""

    def init(self: object, *args: object, **kwargs: object) -> None:
        made.__init__ = real = _compiled_init(made)
        real(self, *args, **kwargs)

    return init


def _compiled_init(made: Any) -> Any:
    """A constructor that puts each value into its slot, or what the field says where none is given."""
    known: dict[str, Any] = {"missing": MISSING}
    given, body = ["self"], []
    for each in dataclasses.fields(made):
        name = value = each.name
        known[f"set_{name}"] = getattr(made, name).__set__
        if each.default is not MISSING:
            known[f"default_{name}"] = each.default
            given.append(f"{name}=default_{name}")
        elif each.default_factory is not MISSING:
            known[f"make_{name}"] = each.default_factory
            given.append(f"{name}=missing")
            value = f"make_{name}() if {name} is missing else {name}"
        else:
            given.append(name)
        body.append(f"set_{name}(self, {value})")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    exec(f"def __init__({', '.join(given)}):\n " + "\n ".join(body or ["pass"]), known)  # noqa: S102 - names of our own source
    init = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.record_values(self) == other.record_values(other)


def _hash(self: Any) -> int:
    return hash(self.record_values(self))


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse(self: object, name: str, *_: object) -> NoReturn:  # noqa: ARG001 - as Python calls it
    raise dataclasses.FrozenInstanceError(f"cannot assign to or delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
