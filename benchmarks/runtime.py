"""Which CPU runtime calls the denoiser fastest, how long it takes to start, and how far it strays.

Needs ``pip install openvino onnx onnxscript onnxruntime``.
python -m benchmarks.runtime [--model terra]
"""

from __future__ import annotations

import copy
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from benchmarks.common import seconds
from explorer.models.denoiser import CHANNELS
from explorer.models.library import Library
from explorer.models.terra import Terra

Call = Callable[[], Tensor]
Inputs = tuple[Tensor, ...]


def eager(module: nn.Module, inputs: Inputs) -> Call:
    return lambda: module(*inputs)


def channels_last(module: nn.Module, inputs: Inputs) -> Call:
    """What the app does."""
    module = copy.deepcopy(module).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    windows = inputs[0].contiguous(memory_format=torch.channels_last)
    return lambda: module(windows, *inputs[1:])


def bfloat16(module: nn.Module, inputs: Inputs) -> Call:
    call = channels_last(module, inputs)

    def half() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return call().float()

    return half


def compiled(module: nn.Module, inputs: Inputs) -> Call:
    fast = torch.compile(copy.deepcopy(module))
    return lambda: fast(*inputs)


def openvino(module: nn.Module, inputs: Inputs, precision: str = "f32") -> Call:
    import openvino as ov

    converted = ov.convert_model(copy.deepcopy(module), example_input=inputs, input=[i.shape for i in inputs])
    model = ov.compile_model(
        converted, "CPU", {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    )
    arrays = [i.numpy() for i in inputs]
    return lambda: torch.from_numpy(model(arrays)[0])


def openvino_bfloat16(module: nn.Module, inputs: Inputs) -> Call:
    return openvino(module, inputs, "bf16")


def onnx(module: nn.Module, inputs: Inputs) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "denoiser.onnx"
        torch.onnx.export(copy.deepcopy(module), inputs, path, dynamo=True, verbose=False)
        session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    feed = {name: i.numpy() for name, i in zip(names, inputs)}
    return lambda: torch.from_numpy(session.run(None, feed)[0])


RUNTIMES = {
    "torch, float32": eager,
    "torch, float32, channels last (what the app does)": channels_last,
    "torch, bfloat16, channels last": bfloat16,
    "torch.compile, float32": compiled,
    "OpenVINO, float32": openvino,
    "OpenVINO, bfloat16": openvino_bfloat16,
    "ONNX Runtime, float32": onnx,
}


def measured(model: str, name: str) -> tuple[float, float, float]:
    """Of one runtime: seconds to its first call, time of a call over that of plain torch, both
    measured in turn, and the relative error."""
    terra = Library(model, "cpu").get()
    assert isinstance(terra, Terra)
    side = 32 + 2 * terra.traits.halo
    torch.manual_seed(0)
    inputs = (
        torch.randn(1, CHANNELS, side, side),
        torch.full((1,), 0.7),
        terra.embed("rocky coast"),
        torch.full((1,), 8.0),
        torch.full((1,), 2),
    )
    module = terra.denoiser.to(memory_format=torch.contiguous_format)
    with torch.no_grad():
        before = time.perf_counter()
        call = RUNTIMES[name](module, inputs)
        got = call()
        start = time.perf_counter() - before
        plain = eager(module, inputs)
        right = plain()
        ratios = sorted(seconds(call, 5) / seconds(plain, 5) for _ in range(7))
    return start, ratios[3], float((got - right).norm() / right.norm())


def main(model: Annotated[str, typer.Option()] = "terra") -> None:
    """Print the table."""
    table = Table("runtime", "start, s", "time of a call", "error", title="one call of the denoiser")
    # Each in a process of its own: together in one they have crashed.
    spawn = multiprocessing.get_context("spawn")
    for name in RUNTIMES:
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            try:
                start, ratio, error = pool.submit(measured, model, name).result()
            except (BrokenProcessPool, ImportError) as trouble:
                table.add_row(name, "", "", type(trouble).__name__)
                continue
        table.add_row(name, f"{start:.1f}", f"{ratio:.2f}", f"{error:.0e}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
