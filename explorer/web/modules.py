"""What a page's script imports, told to the browser at once: else it finds out file by file."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from explorer.web.assets import FOLDER

IMPORT = re.compile(r'^(?:import|export)\b[^"\';]*"(\.[^"]+)"', re.MULTILINE)


@lru_cache
def imported(module: str) -> tuple[str, ...]:
    """A module and all that it imports, directly or not: paths below ``assets/web``, each once.

    >>> imported("lib/root.js")
    ('lib/root.js',)
    """
    found = [module]
    for path in found:  # which grows
        text = (FOLDER / path).read_text(encoding="utf-8")
        here = posixpath.dirname(path)
        paths = [posixpath.normpath(posixpath.join(here, target)) for target in IMPORT.findall(text)]
        found += [each for each in dict.fromkeys(paths) if each not in found]
    return tuple(found)


def preloads(module: str, base: str) -> str:
    """Elements for the head of a page that lies at ``base`` from the files."""
    return "".join(f'<link rel="modulepreload" href="{base}/{path}">' for path in imported(module))
