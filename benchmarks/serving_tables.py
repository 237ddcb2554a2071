"""Makes the tables of the service's load and latency from the results of benchmarks."""

from __future__ import annotations

from typing import Any

from benchmarks.markdown import markdown
from holle_tf.catalogue import title_of

GOALS = {(256, 16): "1,000 chats/s", (1200, 1): "p50 3 ms", (5000, 1): "-", (16384, 1): "-"}


def serving(result: dict[str, Any]) -> str:
    rows = []
    for row in result["rows"]:
        who = f"{row['clients']} clients" if row["clients"] > 1 else "1 client"
        batch = f"batches of at most {row['max_batch']}" if row["max_batch"] > 1 else "no batching"
        numbers = [f"{row[key]:,.1f}" for key in ("per_second", "p50", "p95", "p99", "mean_batch")]
        rows.append([f"{row['words']:,} words, {who}, {batch}", *numbers])
    titles = ["", "chats a second", "p50, ms", "p95, ms", "p99, ms", "mean batch"]
    return markdown(titles, rows) + f"\n\nPeak memory of the service: {result['memory_mb']:,} MB."


def turns(result: dict[str, Any]) -> str:
    rows = []
    for row in result["rows"]:
        numbers = [f"{row[key]:,.1f}" for key in ("whole", "first", "later", "later_graph")]
        who = f"{title_of(row['student'])}, {row['states']}, {row['words']:,} words"
        rows.append([who, f"{row['bytes_of_a_word']:,.0f}", *numbers])
    titles = ["bytes a word", "no cache, ms", "first turn, ms", "later turns, ms", "`answer.onnx` alone, ms"]
    return markdown(["", *titles], rows)


def http_turns(result: dict[str, Any]) -> str:
    """Chats a second and latency of whole readings, first turns and later turns over HTTP."""
    rows = []
    for row in result["rows"]:
        who = f"{row['clients']} clients" if row["clients"] > 1 else "1 client"
        cores = f"{row['cores']} cores" if row["cores"] > 1 else "1 core"
        rates = [f"{row[turn]['per_second']:,.0f}" for turn in TURNS]
        times = [" / ".join(f"{row[turn][p]:,.1f}" for p in ("p50", "p95", "p99")) for turn in TURNS]
        times += [f"{row[turn]['cpu']:,.1f}" for turn in TURNS]
        name = {"onnx": "ONNX", "keras": "Keras"}[row["backend"]]
        rows.append([f"{name}, {cores}, {row['words']:,} words, {who}", *rates, *times])
    titles = [f"{turn}, {what}" for what in ("chats/s", "ms", "cpu ms") for turn in TURNS]
    memory = [
        f"{name}: {found['start']:,.0f} MB at the start, at most {found['peak']:,.0f} MB with "
        f"{found['documents']:,} documents of {found['words']:,} words."
        for name, found in result["memory"].items()
    ]
    return markdown(["", *titles], rows) + "\n\nPeak memory of the service. " + " ".join(memory)


def goals(result: dict[str, Any]) -> str:
    """What was aimed at of the service of an ONNX export, and what was measured."""
    rows = []
    for row in result["rows"]:
        if row["backend"] == "onnx" and row["cores"] == 2 and (row["words"], row["clients"]) in GOALS:
            words, clients = row["words"], row["clients"]
            who = f"later turns, {words:,} words, {clients} {'clients' if clients > 1 else 'client'}"
            later, goal = row["later"], GOALS[words, clients]
            percentiles = " / ".join(f"{later[p]:,.1f}" for p in ("p50", "p95", "p99"))
            rows.append([who, goal, f"{later['per_second']:,.0f} chats/s, {percentiles} ms"])
    for name, found in result["memory"].items():
        if name.startswith("onnx"):
            who = f"peak memory with {found['documents']:,} documents of {found['words']:,} words ({name})"
            rows.append([who, "< 400 MB", f"{found['peak']:,.0f} MB"])
    return markdown(["over HTTP, two cores", "goal", "measured (p50 / p95 / p99)"], rows)


TURNS = ("whole", "first", "later")
