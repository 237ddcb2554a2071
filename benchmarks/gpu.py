"""The least time of reading on a GPU, calculated from its published peaks; nothing is measured."""

from __future__ import annotations

from typing import NamedTuple


class Gpu(NamedTuple):
    """Published peaks of a GPU.

    Attributes:
        flops: floating-point operations per second, in bfloat16 with float32 sums.
        bandwidth: bytes per second.
        launch: seconds of a dependent step of a recurrence; not published, about the time to start a kernel.
    """

    name: str
    flops: float
    bandwidth: float
    launch: float


# Data sheet of the A100 40 GB SXM (NVIDIA, 2021).
A100 = Gpu("NVIDIA A100 40 GB", 312e12, 1555e9, 5e-6)


def on_paper(gpu: Gpu, count: int, moved: int, steps: int) -> dict[str, float]:
    """Lower bounds, in milliseconds, of reading a batch: by products, memory, and steps of the recurrence.

    Weights and activations count as float32.
    """
    return {
        "products_ms": 1e3 * count / gpu.flops,
        "memory_ms": 1e3 * moved / gpu.bandwidth,
        "steps_ms": 1e3 * steps * gpu.launch,
    }
