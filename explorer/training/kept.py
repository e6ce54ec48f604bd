"""What is made once for a training and then kept in a file: encoded pictures, painted land."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from explorer.terminal import aside
from explorer.training.loop import joined, processes, together

Named = tuple[str, Callable[[], Tensor]]  # what a tensor is called, and what makes it


@contextmanager
def kept(cache: Path) -> Iterator[dict[str, Tensor]]:
    """Tensors by name, read from ``cache`` (safetensors), and kept there with those that are added: also if
    the work is stopped before its end, which then goes on from there."""
    tensors = load_file(cache) if cache.exists() else {}
    before = len(tensors)
    try:
        yield tensors
    finally:
        if len(tensors) > before:
            part = cache.with_suffix(f".{os.getpid()}.part")
            save_file(tensors, part)
            part.replace(cache)


def made(cache: Path, work: Iterable[Named], doing: str) -> dict[str, Tensor]:
    """The tensors of ``work`` by name: read from ``cache`` where they were made before, else made and kept.

    Processes that train one model together make a part each, and keep it in a file beside ``cache``. People
    read what is ``doing`` meanwhile.
    """
    rank = joined()
    own = cache.with_stem(f"{cache.stem}-{rank}") if processes() > 1 else cache
    before = {name for path in _files(cache) for name in _names(path)}
    together()  # nobody writes before all have read
    turn = 0
    with kept(own) as tensors, _counted(doing) as count:
        for name, make in work:
            if name not in before:
                if turn % processes() == rank:
                    tensors[name] = make()
                    count(len(before) + turn + 1)
                turn += 1
    together()  # all have written
    others = (load_file(path) for path in _files(cache) if path != own)
    return dict(ChainMap(tensors, *others))


def _files(cache: Path) -> list[Path]:
    """``cache`` and what several processes kept beside it, as far as they are there."""
    files = [cache, *sorted(cache.parent.glob(f"{cache.stem}-*{cache.suffix}"))]
    return [path for path in files if path.exists()]


def _names(path: Path) -> list[str]:
    with safe_open(path, "pt") as file:
        return list(file.keys())


@contextmanager
def _counted(doing: str) -> Iterator[Callable[[int], None]]:
    """Says how many are done; how many there are in all, nobody knows before they are read."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    with Progress(*columns, console=aside, disable=joined() > 0) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done: bar.update(task, completed=done)
