"""The files of a report."""

import csv

import numpy as np

from holle_tf.report.outcomes import Outcome, Row
from holle_tf.report.report_files import scores_csv


def test_a_score_that_an_outcome_lacks_is_an_empty_field():
    f1 = np.array([30.0, 50.0])
    outcomes = [
        Outcome("sd/add_train", seed, "", f"run-{seed}", scores, f1, f1, {}, {}, None, {}, [])
        for seed, scores in enumerate([{"f1": 40.0}, {"f1": 40.0, "rougeL": 35.0}])
    ]
    rows = {"sd/add_train": Row("sd/add_train", outcomes, 2, "", 200)}
    lines = list(csv.DictReader(scores_csv(rows).splitlines()))
    assert [(line["f1"], line["rougeL"], line["run"]) for line in lines] == [
        ("40.0", "", "run-0"), ("40.0", "35.0", "run-1")
    ]  # fmt: skip
