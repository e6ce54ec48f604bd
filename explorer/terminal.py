"""What every command does at the terminal: print, show progress, end in words."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from tiles.errors import EarthError

console = Console()
aside = Console(stderr=True)  # progress: what a command prints is its answer alone
REFUSALS = {
    errno.ENOENT: "there is no such file or folder",
    errno.EACCES: "this user may not read or write it",
    errno.EPERM: "this user may not read or write it",
    errno.EISDIR: "it is a folder, and a file is needed",
    errno.ENOTDIR: "a folder is needed there, and it is a file",
    errno.EEXIST: "it exists already",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk is full for this user",
    errno.EROFS: "its disk can only be read",
    errno.ENAMETOOLONG: "the name is too long",
}


@contextmanager
def worded() -> Iterator[None]:
    """Errors of ours, and of files, end the command with one line and their exit code, 1 or 2; being
    stopped with 130 or 143, as shells say it, and with nothing half done left behind."""
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    except EarthError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(getattr(error, "exit_code", 1)) from None
    except OSError as error:
        print(f"error: {file_words(error)}", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        raise typer.Exit(130) from None
    except Terminated:
        print("stopped", file=sys.stderr)
        raise typer.Exit(143) from None
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


class Terminated(BaseException):
    """SIGTERM: raised where the command is at work, so that it tidies up."""


def _stop(number: int, frame: object) -> None:
    raise Terminated


def file_words(error: OSError) -> str:
    """Which file the system refused, and why, in one line."""
    why = REFUSALS.get(error.errno or 0, error.strerror or str(error).split("\n")[0])
    return why if error.filename is None else f"{error.filename}: {why}"


def progress() -> Progress:
    """A bar with what is done and the time left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=aside)


def stages(bar: Progress) -> Callable[[str, int, int], None]:
    """What shows each stage as a bar of its own: the pace of one says nothing of the next."""
    tasks: dict[str, TaskID] = {}

    def step(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total)
        bar.update(tasks[stage], completed=done, total=total)

    return step
