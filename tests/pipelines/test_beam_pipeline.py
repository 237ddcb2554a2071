"""The runner of a Beam pipeline, and what Dask's needs."""

import pytest

pytest.importorskip("apache_beam", reason="Apache Beam is optional: requirements-beam.txt")

import apache_beam as beam

from pipelines.beam_pipeline import found_by_pipeline, make_pipeline
from pipelines.errors import UserError


@pytest.mark.parametrize(
    ("options", "partition_size", "npartitions"),
    [([], 1, None), (["--dask_npartitions=4"], None, 4), (["--dask_partition_size=8"], 8, None)],
)
def test_dask_is_known_by_its_short_name_and_shares_single_elements(options, partition_size, npartitions):
    pytest.importorskip("distributed", reason="Dask is optional: requirements-dask.txt")
    pipeline = make_pipeline(["--runner=DaskRunner", "--dask_client_address=tcp://127.0.0.1:1", *options])
    assert type(pipeline.runner).__name__ == "DaskRunner"
    found = pipeline.options.get_all_options()
    assert (found["partition_size"], found["npartitions"]) == (partition_size, npartitions)
    assert found["address"] == "tcp://127.0.0.1:1"


def test_other_runners_and_their_options_stay_as_they_are():
    pipeline = make_pipeline(["--runner=FnApiRunner", "--direct_num_workers=3"])
    assert type(pipeline.runner).__name__ == "FnApiRunner"
    assert pipeline.options.get_all_options()["direct_num_workers"] == 3
    with pytest.raises(ValueError, match="NoSuchRunner"):
        make_pipeline(["--runner=NoSuchRunner"])


def fail(element):
    raise RuntimeError(f"no {element}") from KeyError("before")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--runner=NoSuchRunner", r"\(ValueError: Unexpected pipeline runner: NoSuchRunner"),
        ("--runner=FnApiRunner", r"\(.*no disk"),
    ],
)
def test_a_failure_is_one_line_that_names_the_option(tmp_path, option, message):
    with pytest.raises(UserError, match=f"^--beam_options: the pipeline failed {message}") as found:
        found_by_pipeline(
            [option], tmp_path, lambda pipeline: pipeline | beam.Create(["disk"]) | beam.Map(fail)
        )
    assert len(str(found.value).splitlines()) == 1
