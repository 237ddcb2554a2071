"""The configuration of a benchmark of the demo corpus, or of one's own data on a CPU."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from holle_tf.config import Config, load_config, preset


def demo_or_own(
    data_dir: Optional[str], glove: Optional[str], given: Mapping[str, Any], assignments: Sequence[str] = ()
) -> Config:
    """The preset of the demo or, of data in a folder, that of CPUs.

    Args:
        data_dir: folder of raw chats; none = the demo corpus.
        glove: word vectors.
        given: values by dotted key, over ``assignments`` (``key=value``).
    """
    own = {name: value for name, value in {"data_dir": data_dir, "glove": glove}.items() if value}
    return load_config([preset("cpu" if data_dir else "demo")], assignments, {**own, **given})
