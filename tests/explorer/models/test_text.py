import pytest
import torch

from explorer.models.bundle import SHIPPED
from explorer.models.text import TextTower

SMALL = {"context_length": 12, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1, "output_dim": 256}


def test_a_tower_comes_back_from_disk_with_the_same_embeddings(tmp_path):
    tower = TextTower(SMALL).eval()
    torch.nn.init.normal_(tower.transformer.token_embedding.weight)
    tower.save(tmp_path)
    again = TextTower.load(tmp_path)
    prompts = ["rocky coast", "desert", "", "x " * 400, "日本 🗻"]
    found = again.encode(prompts)
    assert found.shape == (5, 256)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(5))
    torch.testing.assert_close(found, tower.encode(prompts), atol=2e-2, rtol=0)
    assert not torch.allclose(found[0], found[1])


def test_words_never_seen_in_training_say_nothing():
    tower = TextTower(SMALL)
    assert (tower.transformer.token_embedding.weight == 0).all()


@pytest.fixture(scope="module")
def shipped():
    return TextTower.load(SHIPPED / "terra" / "text")


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("rocky coast with islands", ()),
        ("Rocky COAST, medieval castle; a castle!", ("medieval", "castle")),
        ("xylophone", ("xylophone",)),  # one of its pieces belongs to other words
        ("", ()),
        ("?! 🗻 123", ()),
    ],
)
def test_words_that_training_never_saw_are_named_once(shipped, prompt, unknown):
    assert shipped.read(prompt) == ("", unknown)


def test_what_is_cut_is_what_changes_nothing(shipped):
    words = " ".join(["rocky coast and green islands"] * 12)
    cut = shipped.read(words).cut
    kept = words.removesuffix(cut)
    assert cut and kept + cut == words and not shipped.read(kept.strip()).cut
    assert torch.equal(shipped.encode([kept])[0], shipped.encode([words])[0])
    assert not torch.equal(shipped.encode([kept.rsplit(maxsplit=1)[0]])[0], shipped.encode([words])[0])
