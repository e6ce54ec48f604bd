import pytest
import torch

from explorer.models.library import Library, use_full_precision
from tests.bundles import build_bundle
from tiles.errors import ModelRefused


def test_others_name_models_that_are_known_and_no_folder(bundle):
    library = Library(str(bundle), "cpu")
    assert library.names() == [bundle.name, "terra"]
    assert library.named("terra") == "terra" and library.named(bundle.name) == str(bundle)
    with pytest.raises(ModelRefused, match=f"known are terra, {bundle.name}"):
        library.named(str(bundle))


def test_a_gpu_multiplies_in_full_precision(bundle):
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    Library(str(bundle), "cpu").get()
    assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_products_on_a_gpu_are_those_of_the_cpu_within_a_rounding():
    use_full_precision()
    torch.manual_seed(0)
    pictures, weights = torch.randn(1, 64, 48, 48), torch.randn(64, 64, 3, 3)
    here = torch.nn.functional.conv2d(pictures, weights)
    there = torch.nn.functional.conv2d(pictures.cuda(), weights.cuda()).cpu()
    torch.testing.assert_close(here, there, rtol=1e-4, atol=1e-3)


def test_groups_of_zooms_are_read_and_have_to_be_made_of_the_zooms(tmp_path):
    folder = build_bundle(tmp_path / "good", zoom_groups=[[6, 5], [8, 7]])
    assert Library(str(folder), "cpu").get().traits.zoom_groups == ((5, 6), (7, 8))
    for wrong in ([[5, 6]], [[5, 6], [6, 7, 8]], [[5, 6, 7, 8, 9]]):
        folder = build_bundle(tmp_path / f"wrong {wrong}", zoom_groups=wrong)
        with pytest.raises(ModelRefused, match="each of the zooms has to be in one group"):
            Library(str(folder), "cpu").get()
