"""Message: a small frozen dataclass with a kind, as JSON and back. The one place where messages are serialised.

Three families are made of it: `events`, `requests` and `questions`. A reader passes over what it cannot understand: a
kind that only a newer version knows, a field it never heard of, or a line that somebody damaged.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import TypeAdapter, ValidationError


@dataclass(frozen=True, kw_only=True)
class Message:
    """Base of all messages. A family is a direct subclass that sets `tag`; a message sets `kind`.

    Attributes:
        tag: the key under which JSON carries the kind.
        kind: what it is; never changes once a version has written it.
    """

    tag: ClassVar[str]
    kind: ClassVar[str] = ""
    _kinds: ClassVar[dict[str, type[Message]]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if Message in cls.__bases__:
            cls._kinds = {}
        elif cls.kind:
            assert cls._kinds.setdefault(cls.kind, cls) is cls, f"two messages of the kind {cls.kind}"

    @classmethod
    def kinds(cls) -> dict[str, type[Self]]:
        """The messages of this family by kind."""
        return dict(cls._kinds)  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {self.tag: self.kind, **dataclasses.asdict(self)}

    @classmethod
    def from_dict(cls, data: Any) -> Self | None:
        """The message that `to_dict` gave, by whatever version; None for what nobody here understands."""
        if not isinstance(data, dict):
            return None
        kind = data.get(cls.tag)
        found = cls._kinds.get(kind) if isinstance(kind, str) else None
        if found is None:
            return None
        try:
            message: Self = adapter(found).validate_python({k: v for k, v in data.items() if k != cls.tag})
        except ValidationError:
            return None
        return message


_adapters: dict[Any, TypeAdapter[Any]] = {}


def adapter(kind: Any) -> TypeAdapter[Any]:
    """What checks plain data and builds a dataclass from it; unknown fields are passed over. Made once per type."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
