"""A painter of a cluster: a process with a number of cores or a GPU, that holds models.

It runs as a Ray actor, and knows nothing of Ray. What comes and goes is pickled: Ray's own protocol is no
safer, so a cluster is a place where everybody trusts everybody.
"""

from __future__ import annotations

import pickle
import tempfile
import threading
from pathlib import Path
from typing import Any

from explorer.models.kinds import kind_here
from explorer.service.cluster.plan import Source
from tiles.errors import ModelRefused
from tiles.recipe import recipe_of


class Worker:
    """Paints windows and decodes latents by models that it has read and checked."""

    def __init__(self, cpus: int, device: str) -> None:
        """``cpus``: threads of torch. ``device``: cpu or cuda."""
        self._cpus, self._device = cpus, device
        self._models: dict[str, Any] = {}  # by digest

    def kind(self) -> str:
        """What kind of machine this is."""
        self._ready()
        return kind_here(self._device)

    def stay(self) -> None:
        """Never over: whoever waits for it hears at once that this process is gone."""
        threading.Event().wait()

    def hold(self, source: Source, files: dict[str, bytes] | None = None) -> int | None:
        """Read a model, from a folder of this machine or from ``files``; the most windows that it takes at
        once. None: it is not here, and the files are needed. Raises ModelRefused for other weights."""
        self._ready()
        if source.digest not in self._models:
            model = _found(source, self._device) if files is None else _sent(source, self._device, files)
            if model is None:
                return None
            self._models[source.digest] = model
        return int(self._models[source.digest].traits.batch)

    def paint(self, digest: str, load: bytes) -> bytes:
        """The latents of pickled windows, pickled."""
        from explorer.painting.window import paint_windows

        self._ready()
        model, windows = self._models[digest], pickle.loads(load)
        size = model.traits.batch
        batches = [windows[i : i + size] for i in range(0, len(windows), size)]
        return pickle.dumps([cell for batch in batches for cell in paint_windows(model.paint, batch)])

    def decode(self, digest: str, load: bytes) -> bytes:
        """The pixels of pickled latents, pickled."""
        self._ready()
        return pickle.dumps(self._models[digest].decode(pickle.loads(load)))

    def _ready(self) -> None:
        """The number of threads is one of each thread that calls torch."""
        import torch

        torch.set_num_threads(self._cpus)


def _found(source: Source, device: str) -> Any:
    """The model in the folder that its owner has it in, if that is here too and holds the same."""
    if not Path(source.folder).is_dir():
        return None
    model = _read(source, device)
    return model if model.traits.digest == source.digest else None


def _sent(source: Source, device: str, files: dict[str, bytes]) -> Any:
    """The model in ``files``. Raises ModelRefused if it is another."""
    with tempfile.TemporaryDirectory(prefix="earth-model-") as there:
        folder = Path(there) / Path(source.folder).name
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        model = _read(source._replace(folder=str(folder)), device)
    if model.traits.digest != source.digest:
        raise ModelRefused(
            f"on a painter's {device} the model {model.traits.name} has the digest"
            f" {model.traits.digest[:12]}, and the world needs {source.digest[:12]}"
        )
    return model


def _read(source: Source, device: str) -> Any:
    from explorer.models.library import Library

    recipe = None if source.recipe is None else recipe_of({**source.recipe, "source": ""})  # in this folder
    return Library(source.folder, device, source.options).get(recipe=recipe)
