"""Windows painted by the machines of a Ray cluster. Only ``office`` imports ray, in a process of its own."""

from __future__ import annotations

from importlib.util import find_spec

from explorer.models.family import Model
from explorer.models.library import Library
from explorer.service.cluster.executors import ClusterExecutors
from explorer.service.cluster.plan import Plan, Source
from explorer.settings import Settings
from tiles.errors import BadSetting


def joined(settings: Settings, library: Library) -> ClusterExecutors:
    """The painters of the cluster that the settings name, or of one that is started on this machine. Raises
    BadSetting if there is none."""
    if find_spec("ray") is None:
        raise BadSetting("executor ray needs Ray, which is not installed: pip install 'endless-earth[ray]'")
    import torch  # which takes seconds

    def source(model: Model) -> Source | None:
        folder = library.folder_of(model)
        recipe = None if model.recipe is None else model.recipe.data()
        return None if folder is None else Source(str(folder), model.traits.digest, library.options, recipe)

    cpus = settings.painter_cpus or torch.get_num_threads()
    plan = Plan(settings.ray_address, settings.painters, cpus, settings.device)
    return ClusterExecutors(plan, source, settings.allow_mixed)
