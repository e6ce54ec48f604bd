import torch
import torch.nn.functional as F

from explorer.training.texture import (
    autocorrelation,
    dissimilarity,
    lattice,
    mismatch,
    repeated,
    texture_deficit,
)

torch.manual_seed(0)
LAND = F.avg_pool2d(torch.randn(4, 3, 96, 96), 3, 1, 1) * 0.2


def test_texture_does_not_know_where_grains_lie():
    other = F.avg_pool2d(torch.randn(4, 3, 96, 96), 3, 1, 1) * 0.2
    assert mismatch(LAND, LAND) == 0
    assert mismatch(other, LAND) < 0.3  # though no pixel is the same
    assert dissimilarity(other, LAND) < 0.15


def test_a_blur_and_a_mesh_have_another_texture():
    blurred = F.avg_pool2d(LAND, 5, 1, 2)
    mesh = blurred.clone()
    mesh[..., ::2, ::2] += 0.2
    for changed in (blurred, mesh):
        assert mismatch(changed, LAND) > 0.4
        assert dissimilarity(changed, LAND) > 0.4


def test_like_land_is_compared_by_how_much_of_each_there_is():
    smooth = F.avg_pool2d(LAND, 7, 1, 3)
    left = torch.cat([LAND[..., :48], smooth[..., 48:]], 3)
    right = torch.cat([smooth[..., :48], LAND[..., 48:]], 3)
    assert dissimilarity(left, right) < 0.3 < 0.6 < mismatch(left, right)


def test_a_few_specks_are_not_the_grain_of_the_same_energy():
    grain, specks = torch.randn(2, 3, 96, 96), torch.randn(2, 3, 96, 96)
    specks = specks * (torch.rand(2, 1, 96, 96) < 0.05) * 20**0.5
    assert abs(float(specks.std() / grain.std()) - 1) < 0.1
    assert mismatch(specks, grain) > 1.5 * mismatch(torch.randn(2, 3, 96, 96), grain)


def test_what_is_too_faint_to_see_does_not_count():
    faint = torch.full((1, 3, 96, 96), 0.1)
    assert mismatch(faint + 1e-4 * torch.randn_like(faint), faint) < 0.01


def test_land_forms_are_no_texture():
    grain, form = (
        0.1 * torch.sin(torch.arange(96) * 2 * torch.pi / length).expand(4, 3, 96, 96) for length in (5, 24)
    )
    assert texture_deficit(LAND + grain, LAND) > 6 * texture_deficit(LAND + form, LAND)


def test_a_mesh_is_found_at_every_period_and_grain_is_none():
    grain = torch.randn(4, 3, 128, 128) * 0.05
    assert lattice(grain) < 0.03
    for period in (2, 4, 8):
        mesh = grain.clone()
        mesh[..., ::period, ::period] += 0.3
        assert lattice(mesh) > 0.3


def test_a_mesh_shows_through_a_slope_but_land_forms_are_none():
    slope = torch.linspace(-1, 1, 128).expand(1, 3, 128, 128)
    coast = torch.where(torch.arange(128)[:, None] + torch.arange(128) < 130, 0.8, -0.5).expand(
        1, 3, 128, 128
    )
    grain = torch.randn(1, 3, 128, 128) * 0.02
    assert lattice(slope + grain) < 0.05 and lattice(coast + grain) < 0.1


def test_hatching_has_a_rhythm_whatever_its_step_and_grain_has_none():
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    grain = torch.randn(1, 3, 96, 96) * 0.1
    assert autocorrelation(grain).abs().mean() < 0.06
    for step in (3.3, 4.4, 5.7):
        hatching = (0.1 * torch.cos((x + y) * 2 * torch.pi / step)).expand(1, 3, 96, 96)
        assert autocorrelation(hatching + 0.1 * grain).abs().mean() > 0.3
        assert lattice(hatching + 0.1 * grain) < 0.1  # which is why it is measured apart
        assert mismatch(hatching + 0.1 * grain, grain) > 1


def test_what_is_said_of_each_latent_again_is_repetition_and_grain_is_none():
    torch.manual_seed(0)
    grain = torch.randn(2, 3, 96, 96) * 0.1
    stamp = (torch.randn(2, 3, 8, 8) * 0.1).repeat(1, 1, 12, 12)  # the same in each latent
    assert repeated(stamp, grain) > 0.5
    assert repeated(torch.randn(2, 3, 96, 96) * 0.1, grain) < 0.03
    assert repeated(grain, stamp) == 0  # less than real land is no fault


def test_middling_texture_everywhere_is_weaker_than_strong_here_and_faint_there():
    strength = torch.cat([torch.full((4, 1, 96, 70), 0.3), torch.full((4, 1, 96, 26), 3.0)], 3)
    uneven, middling = LAND * strength, LAND * 0.3
    assert texture_deficit(uneven, uneven) == 0
    assert texture_deficit(uneven.flip(3), uneven) < 0.1  # where it lies does not matter
    assert texture_deficit(middling, uneven) > 0.7
