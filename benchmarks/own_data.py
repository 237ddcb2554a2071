"""The configuration of a benchmark on the demo corpus, or on the user's data on a CPU."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from holle_tf.config import Config
from holle_tf.config_sources import load_config, preset


def demo_or_own(
    data_dir: Optional[str], glove: Optional[str], given: Mapping[str, Any], assignments: Sequence[str] = ()
) -> Config:
    """The preset of the demo or, for data in a folder, the preset for CPUs.

    Args:
        data_dir: folder of raw chats; None = the demo corpus.
        glove: word vectors.
        given: values by dotted key, which override ``assignments`` (``key=value``).
    """
    own = {name: value for name, value in {"data_dir": data_dir, "glove": glove}.items() if value}
    return load_config([preset("cpu" if data_dir else "demo")], assignments, {**own, **given})
