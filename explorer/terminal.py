"""What every command does at the terminal: print, show progress, end in words."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tiles.errors import EarthError

console = Console()
aside = Console(stderr=True)  # progress: what a command prints is its answer alone


@contextmanager
def worded() -> Iterator[None]:
    """Errors of ours, and of files, end the command with one line and code 1; being stopped with 130
    or 143, as shells say it, and with nothing half done left behind."""
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    except EarthError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
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


def progress() -> Progress:
    """A bar with what is done and the time left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=aside)
