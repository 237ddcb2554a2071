"""The benchmarks by name, with their arguments."""

from __future__ import annotations

from typing import Optional

# Full arguments, and arguments to add for the smallest size (None if another benchmark runs the same code).
# The longest benchmarks come first, so that small sizes, which run two at a time, finish early.
JOBS: dict[str, tuple[str, Optional[str]]] = {
    "costs": (
        "holle_tf.main --mode=benchmark",
        "--setup=sd --limit=40 --set qanet.model_blocks=1 --set data.max_history_words=16",
    ),
    "recurrent-gru": ("benchmarks.recurrent --lengths=256,1200", "--lengths=32 --steps=1"),
    "recurrent-lstm": (
        "benchmarks.recurrent --cell=lstm --units=100 --lengths=256",
        "--lengths=32 --steps=1",
    ),
    "steps": (
        "benchmarks.steps --variants=sam:none,bidaf:none,bidaf:bfloat16,qanet:none,qanet:bfloat16",
        "--variants=sam:none,bidaf:none --document=32 --batch=2 --steps=1",
    ),
    "bounds": ("benchmarks.bounds", "--models=sam --document=32 --batch=2 --steps=1 --size=64"),
    "operations": ("benchmarks.operations", "--variants=sam:none --document=32 --batch=2 --steps=1"),
    "input": ("benchmarks.input --models=sam,bidaf,qanet", "--models=sam --limit=20 --epochs=1 --steps=1"),
    "input-ld": ("benchmarks.input --models=sam --setup=ld", None),
    "startup": ("benchmarks.startup", "--models=sam --sizes=demo --limit=20"),
    "growth": (
        "benchmarks.growth --models=sam,bidaf,qanet,bidaf:chunks,qanet:chunks",
        "--models=sam --sizes=64,128 --steps=1",
    ),
    "growth-batch": ("benchmarks.growth --vary=batch --sizes=1,8,64 --steps=2", None),
    "growth-context": ("benchmarks.growth --vary=context --sizes=8,32,128 --batch=8 --steps=2", None),
    "growth-examples": (
        "benchmarks.growth --vary=examples --sizes=250,1000",
        "--models=sam --sizes=20,40",
    ),
    "serving": ("benchmarks.serving", "--batches=1,2 --lengths=32 --clients=2 --seconds=0.3"),
    "http-turns": (
        "benchmarks.http_turns",
        "--lengths=32 --clients=2 --cores=1 --seconds=0.2 --kept=3,32",
    ),
    "turns": ("benchmarks.turns", "--students=sam --lengths=32 --seconds=0.1"),
}
# Only with --only: they take long, write gigabytes, or need PyTorch.
OTHERS: dict[str, tuple[str, Optional[str]]] = {
    "strategy": (
        "benchmarks.strategy --models=sam,qanet",
        "--models=sam --preset=demo --document=16 --context=8 --batch=4 --steps=1",
    ),
    "pairs": ("benchmarks.pairs", None),  # needs both TensorFlows
    "stock-layers": (
        "benchmarks.scores --option=training.sam.recurrence --values=auto,keras --set training.sam.epochs=8",
        "--limit=20 --seeds=0 --set training.sam.epochs=1",
    ),
    "bfloat16": (
        "benchmarks.scores --model=qanet --option=training.qanet.mixed_precision --values=bfloat16,none"
        " --seeds=0,1 --set training.qanet.epochs=12",
        "--limit=20 --seeds=0 --set training.qanet.epochs=1",
    ),
    "gradient-weight": (
        "benchmarks.scores --recipe=add_grad --teacher=qanet --set distill.gradient_mode=label"
        " --option=distill.gradient_weight --values=1,0.1 --seeds=0 --runs_dir=runs",
        None,
    ),
    "gradient-mode": (
        "benchmarks.scores --recipe=add_grad --teacher=qanet --option=distill.gradient_mode"
        " --values=projection,label --seeds=0 --runs_dir=runs",
        None,
    ),
    "gradient-clip": (
        "benchmarks.scores --recipe=add_grad --teacher=qanet --set distill.gradient_mode=label"
        " --option=training.sam.clip_norm --values=0,1 --seeds=0 --runs_dir=runs",
        None,
    ),
    "gradients-learned": (
        "benchmarks.gradients_learned",
        "--students=add --examples=16 --set limit=16 --set training.sam.epochs=1"
        " --set training.qanet.epochs=1 --set qanet.units=8 --set qanet.heads=2 --set board.enabled=false"
        " --runs_dir=FOLDER/runs",
    ),
    "long-students": (
        "benchmarks.scores --recipe=add_topk --teacher=qanet --set data.setup=ld"
        " --option=distill.long_teacher --values=chunks,windows --seeds=0 --runs_dir=runs",
        None,
    ),
    # Beyond the paper. Runs of the report (--mode=report --size=demo) are reused.
    "temperature": (
        "benchmarks.scores --recipe=add --teacher=qanet --option=distill.temperature --values=1,2,4 --seeds=0"
        " --runs_dir=runs",
        "--limit=20 --set training.sam.epochs=1 --set training.qanet.epochs=1 --runs_dir=FOLDER/runs",
    ),
    "conicity": (
        "benchmarks.scores --recipe=add --teacher=qanet --option=distill.conicity_weight --values=0,0.5,2"
        " --seeds=0 --runs_dir=runs",
        None,
    ),
    "matching": (
        "benchmarks.scores --recipe=add --teacher=bidaf --option=distill.matching_weight --values=0,0.1,1"
        " --seeds=0 --runs_dir=runs",
        None,
    ),
    "long-teacher": (
        "benchmarks.long_teacher --runs_dir=runs",
        "--runs_dir=FOLDER/runs --set limit=16 --set training.qanet.epochs=1 --set demo.document_words=300 "
        "--set qanet.units=8 --set qanet.heads=2 --set board.enabled=false",
    ),
    "distillation": (
        "benchmarks.distillation",
        "--variants=add_train --steps=1 --document=16 --batch=2 --limit=16 --epochs=1",
    ),
    "few-labels": (
        "benchmarks.few_labels",
        "--labels=24 --steps=2 --teacher_steps=2 --runs_dir=FOLDER/runs",
    ),
    # Takes three hours.
    "few-labels-demo": (
        "benchmarks.few_labels --labels=4000 --examples=16000 --self --steps=3000 --seeds=2 --runs_dir=runs",
        None,
    ),
    "few-labels-pools": (
        "benchmarks.few_labels --labels=4000 --examples=16000 --pools=1000,4000 --steps=3000 --runs_dir=runs",
        None,
    ),
    # Takes forty minutes.
    "soft-teachers": (
        "benchmarks.soft_teachers",
        "--runs_dir=FOLDER/runs --set limit=16 --set training.sam_match.epochs=1 "
        "--set training.qanet.epochs=1",
    ),
    "trial-memory": ("benchmarks.trial_memory --trials=20", "--trials=2"),
    "exports": (
        "benchmarks.exports",
        "--runs_dir=FOLDER/runs --lengths=16,32 --formats=onnx --teachers=bidaf --set training.sam.epochs=1 "
        "--set demo.train_examples=48 --set demo.dev_examples=10 --set demo.test_examples=20",
    ),
    "large-input": ("benchmarks.large_input --gigabytes=5", "--gigabytes=0.01"),
    # Takes twenty minutes and twenty gigabytes, and shows that such documents can be read.
    "growth-longest": (
        "benchmarks.growth --models=qanet --sizes=16384 --steps=1",
        "--models=sam --sizes=64 --steps=1",
    ),
    "ports": (
        "benchmarks.ports --models=bidaf,qanet,qanet:1",
        "--models=bidaf --document=32 --batch=2 --steps=1",
    ),
    "documents": (
        "benchmarks.documents --sizes=1000,10000",
        "--sizes=20 --students=sam_match --states=int8 --questions=3",
    ),
    # Takes eight minutes and four gigabytes.
    "documents-large": ("benchmarks.documents --sizes=100000 --students=sam", None),
    # Needs --more="--data_dir=SQUAD --export_dir=EXPORT".
    "retrieval": ("benchmarks.retrieval", None),
    "recurrent-torch": ("benchmarks.recurrent --lengths=256,1200 --torch", "--lengths=32 --steps=1"),
}
