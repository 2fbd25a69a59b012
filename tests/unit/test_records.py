"""A record behaves as the dataclass that it stands for, and costs a fraction of it to define."""

import copy
import dataclasses
import pickle
import time
from collections.abc import Callable
from typing import Any

import pytest

from wizard import records


def shape(decorator: Callable[[type], Any]) -> Any:
    class Shape:
        """Two corners."""

        left: int
        top: int = 2
        names: list[str] = dataclasses.field(default_factory=list)
        secret: str = dataclasses.field(default="s", repr=False)
        beside: int = dataclasses.field(default=0, compare=False)

        def width(self) -> int:
            return self.top - self.left

    return decorator(Shape)


def checked(decorator: Callable[[type], Any]) -> Any:
    class Shape:
        left: int

        def __post_init__(self) -> None:
            if self.left < 0:
                raise ValueError("left of the edge")

        def __repr__(self) -> str:
            return "mine"

    return decorator(Shape)


def empty(decorator: Callable[[type], Any]) -> Any:
    class Shape:
        """Nothing."""

    return decorator(Shape)


def said(action: Callable[[], object]) -> str:
    """What *action* gives, or what it raises."""
    try:
        return repr(action())
    except (TypeError, ValueError, AttributeError) as error:
        text = str(error)
        # The standard library tells assigning from deleting; both are the same slip.
        return type(error).__name__ + (text if not isinstance(error, AttributeError) else "")


def matched(record: Any, kind: Any) -> object:
    match record:
        case kind(left, top):
            return left, top
    return None


SHAPES: dict[str, tuple[Callable[..., Any], Callable[[Any], object]]] = {
    "made by place": (shape, lambda kind: kind(1, 3, ["a"], "x")),
    "made by name": (shape, lambda kind: kind(left=1, secret="y")),
    "a part is missing": (shape, lambda kind: kind()),
    "a part that is not known": (shape, lambda kind: kind(1, right=2)),
    "one part too many": (shape, lambda kind: kind(1, 2, [], "s", 5)),
    "a list of its own": (shape, lambda kind: kind(1).names is kind(1).names),
    "equal": (shape, lambda kind: (kind(1) == kind(1), kind(1) == kind(2), kind(1) != kind(1, 3))),
    "not equal to others": (shape, lambda kind: (kind(1) == 1, kind(1) == (1, 2, [], "s"))),
    "a part beside": (shape, lambda kind: (kind(1, beside=1) == kind(1, beside=2), hash(kind(1, 2, (), beside=1)) == hash(kind(1, 2, ())))),
    "hash of a list": (shape, lambda kind: hash(kind(1))),
    "hash": (shape, lambda kind: len({kind(1, 2, ()), kind(1, 2, ()), kind(2, 2, ())})),
    "set": (shape, lambda kind: setattr(kind(1), "left", 2)),
    "deleted": (shape, lambda kind: delattr(kind(1), "left")),
    "no dictionary": (shape, lambda kind: kind(1).__dict__),
    "replaced": (shape, lambda kind: dataclasses.replace(kind(1), top=9)),
    "taken apart": (shape, lambda kind: dataclasses.asdict(kind(1))),
    "fields": (shape, lambda kind: [(each.name, each.default) for each in dataclasses.fields(kind)][:2]),
    "matched": (shape, lambda kind: matched(kind(1), kind)),
    "copied": (shape, lambda kind: copy.deepcopy(kind(1, 3, ["a"]))),
    "method": (shape, lambda kind: kind(1, 9).width()),
    "doc": (shape, lambda kind: kind.__doc__),
    "checked": (checked, lambda kind: kind(-1)),
    "repr of its own": (checked, lambda kind: kind(3)),
    "second after a refused first": (checked, lambda kind: (said(lambda: kind(-1)), kind(1))),
    "empty": (empty, lambda kind: (kind(), kind() == kind(), len({kind(), kind()}))),
    "empty, hash": (empty, lambda kind: {kind(): 1}[kind()]),
}  # fmt: skip


@pytest.mark.parametrize("options", [{"frozen": True}, {}, {"frozen": True, "repr": False}], ids=str)
@pytest.mark.parametrize("case", SHAPES)
def test_a_record_is_as_its_dataclass(case: str, options: dict[str, bool]) -> None:
    make, action = SHAPES[case]
    theirs = make(dataclasses.dataclass(slots=True, **options))
    ours = make(records.dataclass(slots=True, **options))
    if options.get("repr", True) or case not in {"made by place", "made by name", "replaced", "copied", "empty"}:
        assert said(lambda: action(ours)) == said(lambda: action(theirs))


def test_without_repr_it_shows_nothing() -> None:
    assert "left" not in repr(shape(records.dataclass(frozen=True, slots=True, repr=False))(1))


@records.dataclass(frozen=True, slots=True)
class Kept:
    left: int


def test_nothing_is_added() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError, match="right"):
        Kept(1).right = 2  # type: ignore[attr-defined]


def test_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept(1))) == Kept(1)


def test_it_is_several_times_cheaper_to_define() -> None:
    def seconds(decorator: Callable[[type], Any]) -> float:
        began = time.process_time()
        for _ in range(20):
            shape(decorator)
        return time.process_time() - began

    ours = min(seconds(records.dataclass(frozen=True, slots=True)) for _ in range(5))
    theirs = min(seconds(dataclasses.dataclass(frozen=True, slots=True)) for _ in range(5))
    assert ours < theirs / 3
