"""terra's text tower: a small transformer of open_clip's, with its tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from explorer.models.family import PromptReport
from explorer.models.torchvision_cure import cure

cure()
from open_clip.tokenizer import SimpleTokenizer  # noqa: E402
from open_clip.transformer import TextTransformer  # noqa: E402

WIDTH = 256  # of an embedding
CONFIG: dict[str, Any] = {
    "context_length": 48,
    "vocab_size": 49408,
    "width": 192,
    "heads": 6,
    "layers": 4,
    "output_dim": WIDTH,
}


class TextTower(nn.Module):
    """Prompts to unit vectors. A word that was never seen in training has a zero row: it has no effect."""

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.config = dict(config or CONFIG)
        self.transformer = TextTransformer(**self.config)
        nn.init.zeros_(self.transformer.token_embedding.weight)
        self.tokenizer = SimpleTokenizer(context_length=self.config["context_length"])

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (n, context) to unit vectors (n, 256)."""
        return F.normalize(self.transformer(tokens), dim=-1)

    def tokenize(self, prompts: list[str]) -> Tensor:
        """(n, context); longer prompts are cut."""
        return self.tokenizer(prompts)

    def read(self, prompt: str) -> PromptReport:
        """What of ``prompt`` this tower leaves out. Words are as the tokenizer has them, in lower case.

        A word is known if every piece that the tokenizer makes of it was seen in training.
        """
        seen = self.transformer.token_embedding.weight
        text = self.tokenizer.clean_fn(prompt)
        room = self.config["context_length"] - 2  # a mark at the start and one at the end
        unknown: dict[str, None] = {}
        for word in self.tokenizer.pat.finditer(text):
            pieces = self.tokenizer.encode(word.group())
            room -= len(pieces)
            if room < 0:
                return PromptReport(text[word.start() :], tuple(unknown))
            if word.group().isalpha() and not seen[pieces].any(dim=1).all():
                unknown[word.group()] = None
        return PromptReport("", tuple(unknown))

    @torch.no_grad()
    def encode(self, prompts: list[str]) -> Tensor:
        """Unit vectors (n, 256), float32, on the tower's device."""
        tokens = self.tokenize(prompts).to(self.transformer.token_embedding.weight.device)
        return self(tokens).float()

    def save(self, folder: Path) -> None:
        """``config.json`` and ``model.safetensors`` (fp16)."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(self.config, indent=1) + "\n")
        state = {k: v.detach().half().contiguous() for k, v in self.transformer.state_dict().items()}
        save_file(state, folder / "model.safetensors")

    @classmethod
    def load(cls, folder: Path) -> TextTower:
        """A tower for use on the CPU, where one prompt takes milliseconds."""
        tower = cls(json.loads((folder / "config.json").read_text()))
        state = load_file(folder / "model.safetensors")
        tower.transformer.load_state_dict({k: v.float() for k, v in state.items()})
        return tower.eval().requires_grad_(False)
