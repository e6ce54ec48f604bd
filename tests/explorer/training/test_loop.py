import csv
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

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


def test_a_run_goes_on_where_it_was(tmp_path, clock):
    torch.manual_seed(0)
    module = nn.Linear(3, 4)
    run = Run(tmp_path, module, 0.02, 1.0 / 60, 0.999)
    fit(run, module, 0.4)
    step, weights = run.step, module.weight.detach().clone()
    again = nn.Linear(3, 4)
    resumed = Run(tmp_path, again, 0.02, 1.0 / 60, 0.999)
    assert resumed.step == step and resumed.samples == step
    assert torch.equal(again.weight, weights)
    before = [o.state_dict()["state"] for o in run.optimizers]
    for old, new in zip(before, (o.state_dict()["state"] for o in resumed.optimizers)):
        assert {k: sorted(v) for k, v in old.items()} == {k: sorted(v) for k, v in new.items()}
    fit(resumed, again, 10)
    assert resumed.clock.tick() == 1.0 and resumed.step > step
    # However few steps a busy machine got to in that time, they led on from where it was.
    with torch.no_grad():
        assert (again(torch.eye(3)) - 1).square().mean() < (module(torch.eye(3)) - 1).square().mean()
    with open(tmp_path / "log.csv") as log:
        steps = [int(row[0]) for row in csv.reader(log)]
    assert steps == sorted(steps) and steps[-1] == resumed.step
    assert not list(tmp_path.glob("*.part"))


ALONE = """
import sys
from pathlib import Path
import torch
from torch import nn
from explorer.training.loop import Run
module = nn.Linear(3, 4, bias=False)
run = Run(Path(sys.argv[1]), module, 0.1, 2 / 60, 0.999)
goal = 2.0 * run.rank  # one wants 0, the other 2
begun = (module.weight.detach() - 1).abs().mean()
for _ in run.steps(lambda: ((module(torch.eye(3)) - goal).square().mean(), 1), lambda: None):
    pass
ended = (module.weight.detach() - 1).abs().mean()
print(run.step, run.samples, module.weight.detach().flatten().tolist() + [float(begun), float(ended)])
"""


def together(code: str, folder: Path) -> list[str]:
    """The last line that each of two processes says, which run ``code`` together."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder)],
            cwd=Path(__file__).parents[3],
            env={**os.environ, **shared, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    return [worker.communicate(timeout=120)[0].splitlines()[-1] for worker in workers]


def test_processes_train_one_model_together(tmp_path):
    said = together(ALONE, tmp_path)
    assert said[0] == said[1]
    step, samples, weights = said[0].split(" ", 2)
    assert int(samples) == 2 * int(step)
    *_, begun, ended = json.loads(weights)
    assert ended < begun
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 1  # one of them writes


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


SHARED = """
import torch
from torch import nn
from explorer.training.loop import joined, shared
from explorer.training.muon import one_by_one
joined()
torch.manual_seed(0)
matrices = [torch.randn(5, 40), torch.randn(40, 5), torch.randn(8, 8)]
print(all(torch.equal(*pair) for pair in zip(shared(matrices), one_by_one(matrices))))
"""


def test_processes_share_the_work_of_a_step(tmp_path):
    assert together(SHARED, tmp_path) == ["True", "True"]
