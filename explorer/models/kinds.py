"""What kind of machine paints. Two of one kind paint the same bytes.

Sums of floats depend on the order in which they are added, and that depends on the instructions a processor
has, on the number of threads, and on the version of torch. The type of the numbers is no part of it: terra's
is float32 everywhere, and that of a Stable Diffusion model is in the recipe that its world remembers.
"""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from pathlib import Path

SUMS = (
    "sse",
    "ssse",
    "avx",
    "fma",
    "amx",
    "neon",
    "asimd",
    "sve",
    "vsx",
)  # instructions that sums are made of


def kind_here(device: str) -> str:
    """The kind of this thread, for a model on ``device``: ``cpu`` or ``cuda``. One line of plain text.

    >>> kind_here("cpu")
    'CPU GenuineIntel AVX512 1f0c66a2, 2 threads, torch 2.13.0'
    """
    import torch  # which takes seconds

    return _kind(device, torch.get_num_threads())


@lru_cache
def _kind(device: str, threads: int) -> str:
    import torch

    where = torch.cuda.get_device_name() if device == "cuda" else _processor()
    version = torch.__version__ if device == "cuda" else torch.__version__.partition("+")[0]
    return f"{where}, {threads} thread{'s' * (threads != 1)}, torch {version}"


def _processor() -> str:
    """Maker and instructions of the CPU: those that torch uses, and a digest of all that matter."""
    import torch

    maker, flags = _described()
    digest = hashlib.blake2b(" ".join(flags).encode(), digest_size=4).hexdigest()
    return f"CPU {maker} {torch.backends.cpu.get_cpu_capability()} {digest}"


def _described() -> tuple[str, list[str]]:
    """As Linux describes the first CPU; elsewhere by its name alone."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine(), []
    said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = said.get("flags", said.get("Features", "")).split()
    maker = said.get("vendor_id", said.get("CPU implementer", platform.machine()))
    return maker, sorted(flag for flag in flags if flag.startswith(SUMS))
