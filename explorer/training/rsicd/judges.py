"""What judges pictures: Inception, a classifier, and CLIP. Weights are safetensors, and never fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from explorer.models.torchvision_cure import cure
from tiles.errors import BadSetting

T = TypeVar("T")
cure()  # before open_clip, which imports torchvision
import open_clip  # noqa: E402
import torchvision  # noqa: E402

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's colours
SIDE = 256  # px, as Txt2Img-MHN has it; so are the rest
EPOCHS, RATE, BATCH = 5, 1e-4, 64


def weights(file: Path) -> dict[str, Tensor]:
    """Numbers by name. Raises BadSetting for what is no safetensors file."""
    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise BadSetting(f"{file.name} is not a safetensors file ({error})") from None


def inception(file: Path) -> nn.Module:
    """Torchvision's Inception v3 with weights by its names, giving the 2048 features before its classes.
    Raises BadSetting."""
    net = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False)
    _fill(net, file, but="fc.")
    net.fc = nn.Identity()
    return net.eval().requires_grad_(False)


def resnet(classes: int, file: Path | None, seed: int = 0) -> nn.Module:
    """ResNet-18 for so many classes, from weights by torchvision's names or from random numbers. Raises
    BadSetting."""
    torch.manual_seed(seed)
    net = torchvision.models.resnet18(weights=None, num_classes=classes)
    if file is not None:
        _fill(net, file, but="fc.")
    return net


def features(net: nn.Module, pictures: Iterable[np.ndarray]) -> Tensor:
    """(n, width) of uint8 (height, width, 3) each."""
    with torch.inference_mode():
        return torch.cat([net(normal(part)) for part in batches(pictures)])


def normal(pictures: Sequence[np.ndarray]) -> Tensor:
    """Pictures as these nets read them, (n, 3, 256, 256)."""
    sized = [_sized(pixels, SIDE) for pixels in pictures]
    sheet = torch.from_numpy(np.stack(sized)).permute(0, 3, 1, 2).float() / 255
    return (sheet - torch.tensor(MEAN)[:, None, None]) / torch.tensor(SPREAD)[:, None, None]


def train(
    net: nn.Module, load: Callable[[int], np.ndarray], labels: Sequence[int], step: Callable[[], None]
) -> None:
    """Train a classifier on the pictures that ``load`` gives, by Adam; their order has a fixed seed. ``step``
    is called before each batch, and may raise to stop it."""
    rng, optimizer = np.random.default_rng(0), torch.optim.Adam(net.parameters(), RATE)
    net.train()
    for _ in range(EPOCHS):
        order = rng.permutation(len(labels)).tolist()
        for part in batches(order):
            step()
            if len(part) == 1 < len(order):
                continue  # one alone has no spread to normalise by
            found = net(normal([load(index) for index in part]))
            loss = nn.functional.cross_entropy(found, torch.tensor([labels[index] for index in part]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    net.eval()


def right(net: nn.Module, pictures: Iterable[np.ndarray], labels: Sequence[int]) -> float:
    """The share of pictures whose class is guessed, 0..1."""
    guessed = features(net, pictures).argmax(1)
    return float((guessed == torch.tensor(labels)).double().mean())


class Clip:
    """A model of open_clip's that compares pictures with captions."""

    def __init__(self, name: str, file: Path) -> None:
        """Raises BadSetting for a name that open_clip does not know, or weights of another model."""
        if name not in open_clip.list_models():
            raise BadSetting(f"open_clip knows no model {name[:80]!r}, see open_clip.list_models()")
        weights(file)  # a pickle is refused before open_clip looks at it
        try:
            self.net, _, self._read = open_clip.create_model_and_transforms(name, pretrained=str(file))
        except (RuntimeError, KeyError, AssertionError) as error:
            raise BadSetting(f"{file.name} does not fit {name}: {str(error)[:200]}") from None
        self.net.eval().requires_grad_(False)
        self._tokens = open_clip.get_tokenizer(name)

    def score(self, pictures: Iterable[np.ndarray], captions: Sequence[str]) -> float:
        """The mean cosine of pictures and their captions, times 100, none below 0 (Hessel et al. 2021, arXiv
        2104.08718, without its factor)."""
        found = []
        with torch.inference_mode():
            for part, told in zip(batches(pictures), batches(captions)):
                shown = torch.stack([self._read(Image.fromarray(pixels)) for pixels in part])
                pair = self.net.encode_image(shown), self.net.encode_text(self._tokens(list(told)))
                found.append(nn.functional.cosine_similarity(*pair).clamp(min=0))
        return 100 * float(torch.cat(found).double().mean())


def batches(every: Iterable[T]) -> Iterator[list[T]]:
    """A few at a time."""
    left = iter(every)
    while part := list(islice(left, BATCH)):
        yield part


def _sized(pixels: np.ndarray, side: int) -> np.ndarray:
    if pixels.shape[:2] == (side, side):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR))


def _fill(net: nn.Module, file: Path, but: str) -> None:
    """Put all weights but those of one layer into a net."""
    given = {name: each for name, each in weights(file).items() if not name.startswith((but, "AuxLogits."))}
    needed = {name for name in net.state_dict() if not name.startswith(but)}
    counters = {name for name in needed if name.endswith("num_batches_tracked")}
    if missing := sorted(needed - counters - set(given)):
        raise BadSetting(f"{file.name} lacks {missing[0]}: weights by torchvision's names are needed")
    try:
        net.load_state_dict(given, strict=False)
    except RuntimeError as error:
        raise BadSetting(f"{file.name} does not fit: {str(error).splitlines()[-1].strip()[:200]}") from None
