"""How a function becomes a tool of other programs: arguments are checked, errors are told in words."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr
from pydantic import ValidationError, validate_call

from explorer.service.jobs import Job
from explorer.web.permits import require_edit
from explorer.web.phrases import USUAL, failure, phrase
from tiles.errors import EarthError

T = TypeVar("T")
LOOK = 0.05  # seconds between two looks at a job


def checked(tool: Callable[..., T]) -> Callable[..., T]:
    """``tool``, whose caller is told what is wrong with an argument, such as null or a text for a number."""
    validated = validate_call(tool)

    @functools.wraps(tool)
    def call(*arguments: Any) -> T:
        try:
            return validated(*arguments)
        except ValidationError as error:
            raise gr.Error(
                "; ".join(_words(tool, wrong) for wrong in error.errors()), print_exception=False
            ) from None

    return call


def for_editors(tool: Callable[..., T]) -> Callable[..., T]:
    """``tool`` for those who may edit; others are told why not. Gradio gives the request as the first
    argument, and callers see the arguments of ``tool`` alone."""

    def call(request: gr.Request, *arguments: Any) -> T:
        guarded(lambda: require_edit(request))
        return tool(*arguments)

    asked = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    signature = inspect.signature(tool)
    functools.update_wrapper(call, tool)
    call.__annotations__ = {"request": gr.Request, **tool.__annotations__}
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[asked, *signature.parameters.values()]
    )
    return call


def _words(tool: Callable[..., Any], wrong: Any) -> str:
    """Which argument is wrong, and why."""
    names = list(inspect.signature(tool).parameters)
    where = names[wrong["loc"][0]] if isinstance(wrong["loc"][0], int) else wrong["loc"][0]
    return f"{where} {wrong['input']!r:.60}: {wrong['msg']}"


def finished(job: Job) -> Job:
    """A job at its end. Raises what ended it."""
    while job.state in ("waiting", "running"):
        time.sleep(LOOK)
    if job.state != "done":
        raise job.error or EarthError(f"the job was {job.state}")
    return job


def guarded(work: Callable[[], T], language: str | None = None) -> T:
    """``work``'s answer; our own errors as words for whoever called, in English if no language is given."""
    try:
        return work()
    except EarthError as error:
        words, title = failure(error, language), phrase(language or USUAL, "failed")
        raise gr.Error(words, title=title, print_exception=False) from None
