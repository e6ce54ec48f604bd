"""Components read whole.

The libraries fill weights that are missing or of another shape with random numbers, and say so in a log only:
such a model would paint other land in each process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from tiles.errors import ModelRefused

FAILURES = (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, SafetensorError)
SHOWN = 3  # weights that are named


def read_whole(read: Callable[..., Any], folder: Path, where: str, **options: Any) -> Any:
    """What ``read``, a class's ``from_pretrained``, makes of ``folder``, with nothing made up. Raises
    ModelRefused, with ``where`` in its words, for weights that are missing, of another shape than the config
    says, or not finite."""
    known = {"use_safetensors": True, "local_files_only": True, "output_loading_info": True}
    try:
        module, found = read(folder, ignore_mismatched_sizes=True, **known, **options)
    except FAILURES as error:
        raise ModelRefused(f"{where} cannot be loaded: {str(error).strip()[:300]}") from error
    for problem in (missing(found), of_other_shapes(found), not_finite(module)):
        if problem:
            raise ModelRefused(f"{where}: {problem}")
    return module


def missing(found: Mapping[str, Any]) -> str:
    """What is said of weights that are not in the file; empty if all are."""
    names = sorted(found["missing_keys"])
    return f"its weights lack {listed(names)}" if names else ""


def of_other_shapes(found: Mapping[str, Any]) -> str:
    """What is said of weights that do not fit the config; empty if all do."""
    every = sorted(found["mismatched_keys"])
    return listed(
        [f"{name} is {list(own)}, and {list(wanted)} by config.json" for name, own, wanted in every]
    )


def not_finite(module: nn.Module) -> str:
    """What is said of weights that are no numbers, or too large for their type; empty if none is."""
    names = [name for name, weights in module.named_parameters() if not torch.isfinite(weights).all()]
    return f"numbers are not finite in {listed(names)}" if names else ""


def listed(names: list[str]) -> str:
    """The first few.

    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 more')
    """
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
