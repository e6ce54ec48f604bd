import csv

import torch
from torch import nn

from explorer.training.loop import Run, learning_rate
from explorer.training.muon import orthogonal


def fit(run: Run, module: nn.Module, until: float) -> None:
    """Train until that many seconds of the run are spent, as if it was killed then."""
    goal = torch.ones(4, 3)

    def loss():
        return (module(torch.eye(3)) - goal.T).square().mean(), 1

    for _ in run.steps(loss, lambda: None, every=0.0):
        if run.clock.spent > until:
            return


def test_a_run_goes_on_where_it_was(tmp_path):
    torch.manual_seed(0)
    module = nn.Linear(3, 4)
    run = Run(tmp_path, module, 0.02, minutes=1.0 / 60)
    fit(run, module, 0.4)
    step, weights = run.step, module.weight.detach().clone()
    again = nn.Linear(3, 4)
    resumed = Run(tmp_path, again, 0.02, minutes=1.0 / 60)
    assert resumed.step == step and resumed.samples == step
    assert torch.equal(again.weight, weights)
    before = [o.state_dict()["state"] for o in run.optimizers]
    for old, new in zip(before, (o.state_dict()["state"] for o in resumed.optimizers)):
        assert {k: sorted(v) for k, v in old.items()} == {k: sorted(v) for k, v in new.items()}
    fit(resumed, again, 10)
    assert resumed.clock.tick() == 1.0 and resumed.step > step
    assert (again(torch.eye(3)) - 1).abs().max() < 0.4
    with open(tmp_path / "log.csv") as log:
        steps = [int(row[0]) for row in csv.reader(log)]
    assert steps == sorted(steps) and steps[-1] == resumed.step
    assert not list(tmp_path.glob("*.part"))


def test_the_learning_rate_rises_then_falls():
    rates = [learning_rate(1.0, p / 100) for p in range(101)]
    assert rates[0] < 0.1 and max(rates) <= 1 and rates[-1] < 0.02
    assert rates.index(max(rates)) == 2 and rates[2:] == sorted(rates[2:], reverse=True)


def test_orthogonal_keeps_directions_and_levels_sizes():
    torch.manual_seed(0)
    for shape in ((5, 40), (40, 5), (8, 8)):
        matrix = torch.randn(shape)
        u, _, v = torch.linalg.svd(matrix, full_matrices=False)
        found = u.T @ orthogonal(matrix) @ v.T
        sizes = found.diagonal()
        assert ((sizes > 0.6) & (sizes < 1.3)).all()
        assert (found - torch.diag(sizes)).abs().max() < 1e-3
