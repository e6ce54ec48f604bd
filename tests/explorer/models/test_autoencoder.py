import torch

from explorer.models.autoencoder import Autoencoder


def test_a_tile_decoded_with_its_margin_is_the_same_as_in_a_larger_sheet():
    torch.manual_seed(0)
    model, sheet = Autoencoder(), torch.randn(1, 4, 40, 40)
    for name, weight in model.named_parameters():  # strong enough that what is furthest is felt
        if name.startswith("levels") and weight.ndim == 4:
            weight.data *= 3
    margin = model.margin
    with torch.inference_mode():
        whole = model.decode(sheet)[:, :, 8 * 12 : 8 * 28, 8 * 12 : 8 * 28]
        inside = model.decode_inside(sheet[:, :, 12 - margin : 28 + margin, 12 - margin : 28 + margin])
    assert inside.shape == (1, 3, 128, 128)
    torch.testing.assert_close(inside, whole, atol=float(whole.std()) * 1e-5, rtol=0)
