"""The one way in: every handler and endpoint of the page is entered here, with checked input, and left in words."""

from __future__ import annotations

import functools
import inspect
import traceback
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from pydantic import TypeAdapter, ValidationError

from transfer.door import given
from transfer.errors import ConfigError, TransferError


def guard(page: gr.Blocks) -> None:
    """See that nothing gets into a handler of this page unchecked, and no error out of it as it is."""
    for handler in page.fns.values():
        if handler.fn is not None:
            handler.fn = _entered(handler.fn)
    before = page.preprocess_data  # where Gradio makes values for handlers of what was sent, or cannot

    async def preprocessed(*values: Any, **named: Any) -> Any:
        try:
            return await before(*values, **named)
        except Exception as error:
            wrong = ConfigError(
                "What was sent cannot be used.",
                expected="as many values as there are to give, and only files that were uploaded here",
                found=given.shown(str(error)),
                fix="Reload the page and try again; a program has to upload its files first.",
            )
            raise gr.Error(str(wrong), print_exception=False) from None

    page.preprocess_data = preprocessed  # type: ignore[method-assign]


def typed(function: Callable[..., Any]) -> Callable[..., Any]:
    """An endpoint that is only called with what its signature says; programs send anything.

    Raises:
        ConfigError: from the endpoint, naming the parameter.
    """
    hints = typing.get_type_hints(function)
    adapters = {name: TypeAdapter(hint) for name, hint in hints.items() if name != "return"}
    signature = inspect.signature(function)

    @functools.wraps(function)
    def called(*values: Any, **named: Any) -> Any:
        bound = signature.bind(*values, **named)
        for name, value in bound.arguments.items():
            try:
                adapters[name].validate_python(value, strict=not isinstance(value, int))
            except ValidationError as error:
                raise ConfigError(
                    f"“{name}” cannot be understood.",
                    expected=_WORDS.get(hints[name], str(hints[name])),
                    found=given.shown(value),
                    fix="Correct it; what each endpoint takes is in its description.",
                ) from error
        return function(*bound.args, **bound.kwargs)

    return called


_WORDS: dict[Any, str] = {
    str: "text",
    float: "a number",
    dict[str, Any]: "settings by name, such as {'photos': '/home/me/photos'}",
}


def _entered(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def once(*values: Any, **named: Any) -> Any:
        with _in_words():
            _check(values, named)
            return function(*values, **named)

    @functools.wraps(function)
    def bit_by_bit(*values: Any, **named: Any) -> Iterator[Any]:
        with _in_words():
            _check(values, named)
            yield from function(*values, **named)

    return bit_by_bit if inspect.isgeneratorfunction(function) else once


def _check(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    given.check([value._data if isinstance(value, gr.EventData) else value for value in (*values, *named.values())])


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except TransferError as error:
        raise gr.Error(str(error), print_exception=False) from None
    except gr.Error:
        raise
    except Exception as error:
        traceback.print_exc()
        words = (
            "Something in this request cannot be used, or there is a mistake in the program. What to do: reload the "
        )
        raise gr.Error(f"{words}page and try again; the reason is in the terminal.", print_exception=False) from error
