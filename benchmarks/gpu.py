"""What reading would take at least on a GPU, by its published peaks; nothing here is measured."""

from __future__ import annotations

from typing import NamedTuple


class Gpu(NamedTuple):
    """Published peaks of a GPU.

    Attributes:
        flops: floating-point operations a second, bfloat16 with float32 sums.
        bandwidth: bytes a second.
        launch: seconds of one dependent step of a recurrence; not published, about that of starting a kernel.
    """

    name: str
    flops: float
    bandwidth: float
    launch: float


# Data sheet of the A100 40 GB SXM (NVIDIA, 2021).
A100 = Gpu("NVIDIA A100 40 GB", 312e12, 1555e9, 5e-6)


def on_paper(gpu: Gpu, count: int, moved: int, steps: int) -> dict[str, float]:
    """Least milliseconds of reading a batch there: by products, by memory, by the recurrence's steps.

    Weights and activations are taken as they are counted here, in float32.
    """
    return {
        "products_ms": 1e3 * count / gpu.flops,
        "memory_ms": 1e3 * moved / gpu.bandwidth,
        "steps_ms": 1e3 * steps * gpu.launch,
    }
