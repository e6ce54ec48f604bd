"""What decoding a tile with detail costs beside decoding it without, on one core, for detail painters of some
sizes. Their weights are random: time does not depend on them.

python -m benchmarks.detail [WIDTHxBLOCKS ...]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from explorer.models.autoencoder import Autoencoder
from explorer.models.bundle import SHIPPED
from explorer.models.detail import DetailPainter
from explorer.models.detail_decoder import DetailDecoder
from explorer.models.terra import SPACE

SIZES = ("256x8", "192x8", "192x6", "160x6")
CHANNELS, ROUNDS = 12, 15
READ = {"torch_dtype": torch.float32, "low_cpu_mem_usage": False}


def milliseconds(decode: Callable[[Tensor], Tensor], margin: int) -> float:
    """Median CPU time of decoding one tile that has ``margin`` latents around it."""
    side = SPACE.side + 2 * margin
    sheet = torch.randn(1, 4, side, side).contiguous(memory_format=torch.channels_last)
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        decode(sheet)
        times.append(time.process_time() - begun)
    return 1000 * statistics.median(times)


@torch.inference_mode()
def main(sizes: list[str]) -> None:
    torch.set_num_threads(1)
    shipped: Autoencoder = Autoencoder.from_pretrained(SHIPPED / "terra" / "autoencoder", **READ)
    shipped.eval().to(memory_format=torch.channels_last)
    today = milliseconds(shipped.decode_inside, shipped.margin)
    print(f"without detail: {today:.0f} ms")
    settings = {name: shipped.config[name] for name in ("widths", "blocks", "waves", "grain", "last")}
    with_detail = Autoencoder(**settings, detail=CHANNELS).eval()
    for size in sizes:
        width, blocks = map(int, size.split("x"))
        decoder = DetailDecoder(with_detail, DetailPainter(CHANNELS, width, blocks)).eval()
        decoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        cost = milliseconds(decoder.decode_inside, decoder.margin)
        print(f"{size}: {cost:.0f} ms, {cost / today:.2f} times")


if __name__ == "__main__":
    main(sys.argv[1:] or list(SIZES))
