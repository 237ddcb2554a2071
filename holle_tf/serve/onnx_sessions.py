"""Sessions of onnxruntime for the graphs of an export."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Sequence

import onnxruntime

WEIGHTS_DIGEST = "weights_sha256"  # in the metadata of the halves: of model.onnx, which has their weights


def open_graphs(folder: Path, names: Sequence[str], threads: int) -> dict[str, Any]:
    """A session for each file of a folder, by its name.

    Args:
        threads: that onnxruntime may use for a call; 0 = one for each core.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors
    options.enable_cpu_mem_arena = False  # so that memory is freed after a long document
    providers = ["CPUExecutionProvider"]
    return {
        name: onnxruntime.InferenceSession(str(folder / name), options, providers=providers) for name in names
    }


def check_weights(halves: Mapping[str, Any], digest: str) -> None:
    """Raise a ValueError if the halves were written beside another ``model.onnx`` than that of the digest."""
    for name, half in halves.items():
        if half.get_modelmeta().custom_metadata_map.get(WEIGHTS_DIGEST) != digest:
            raise ValueError(f"{name} takes its weights from another model.onnx")
