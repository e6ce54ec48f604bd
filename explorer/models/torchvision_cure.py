"""Lets torchvision be imported with a torch that its compiled part was not built for.

open_clip and transformers import torchvision, though nothing here uses it. If the two wheels do not match (a
CPU build of torch, a CUDA build of torchvision), the compiled operators are not loaded and the import fails
with "operator torchvision::nms does not exist". Declaring the two operators is enough for the import; with a
matching pair nothing is done.
"""

from __future__ import annotations

import torch

SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_declared: list[torch.library.Library] = []  # an operator lives as long as its library


def cure() -> None:
    """Declare what is missing. Cheap, and harmless to call again."""
    if _declared:
        return
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        library = torch.library.Library("torchvision", "FRAGMENT")
        for schema in SCHEMAS.values():
            library.define(schema)
        _declared.append(library)
