import pytest
import torch

from explorer.models.autoencoder import Autoencoder


@pytest.mark.parametrize("grain", [0.0, 50.0])
def test_a_tile_decoded_with_its_margin_is_the_same_as_in_a_larger_sheet(grain):
    torch.manual_seed(0)
    model, sheet = Autoencoder(grain=grain), torch.randn(1, 4, 40, 40)
    for name, weight in model.named_parameters():  # strong enough that what is furthest is felt
        if name.startswith(("levels", "grains")) and weight.ndim == 4:
            weight.data *= 3
    margin = model.margin
    with torch.inference_mode():
        whole = model.decode(sheet)[:, :, 8 * 12 : 8 * 28, 8 * 12 : 8 * 28]
        inside = model.decode_inside(sheet[:, :, 12 - margin : 28 + margin, 12 - margin : 28 + margin])
    assert inside.shape == (1, 3, 128, 128)
    torch.testing.assert_close(inside, whole, atol=float(whole.std()) * 1e-5, rtol=0)


def test_grain_belongs_to_the_land_and_is_unlike_itself_one_latent_on():
    torch.manual_seed(0)
    even = 0.5 + 0.05 * torch.randn(1, 4, 24, 24)  # land without a form
    noise = Autoencoder(grain=100.0).grain_noise(even)
    pixels = torch.nn.functional.pixel_shuffle(noise, 8)[0, 0]  # (192, 192)
    assert torch.equal(Autoencoder(grain=100.0).grain_noise(even[..., 3:9, 5:11]), noise[..., 3:9, 5:11])
    assert abs(float(pixels.mean())) < 0.02 and abs(float(pixels.square().mean()) - 0.5) < 0.02
    for step in (1, 2, 4, 8):
        alike = (pixels[:, step:] * pixels[:, :-step]).mean() / pixels.square().mean()
        assert abs(float(alike)) < 0.03
