import pytest

from benchmarks.cells import row_text
from benchmarks.first_step import FIRST_STEP
from benchmarks.gpu import A100, on_paper
from benchmarks.growing import grow
from benchmarks.jobs import JOBS, OTHERS
from benchmarks.paired import summary
from benchmarks.ports import clone_of
from benchmarks.report import fill
from benchmarks.tables import PAGES, PUBLISHED, TABLES
from benchmarks.trace import kind_of
from pipelines.errors import UserError


def test_what_would_take_too_long_is_projected_at_the_rate_of_growth():
    measured = []

    def seconds(size):
        measured.append(size)
        return [size**2 / 1e4]

    rows = grow([10, 100, 1000, 10000], seconds, limit=50.0, base=0.0)
    assert measured == [10, 100]
    assert [row["seconds"] for row in rows] == pytest.approx([0.01, 1.0, 100.0, 10000.0])
    assert ["memory_mb" in row for row in rows] == [True, True, False, False]
    assert row_text(rows[3]) == "(10,000 s projected)"


def test_differences_are_of_the_same_seed():
    found = {
        "a": {"0": {"f1": 50.0, "em": 40.0}, "1": {"f1": 60.0, "em": 50.0}},
        "b": {"0": {"f1": 51.0, "em": 40.0}, "1": {"f1": 63.0, "em": 50.0}},
    }
    of_b = summary(found)["b"]
    assert of_b["f1"]["mean"] == 57.0
    assert of_b["f1"]["difference"] == 2.0
    assert of_b["f1"]["standard_error"] == pytest.approx(1.0)  # of 1 and 3
    assert of_b["em"]["standard_error"] == 0.0


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("_MklBatchMatMulV2", "products of a batch of matrices"),
        ("_MklNativeFusedMatMul", "matrix products"),
        ("PyFunc", "recurrences"),
        ("Mul", "elementwise"),
        ("BiasAddGrad", "sums and means"),
    ],
)
def test_operations_are_of_one_kind(operation, kind):
    assert kind_of(operation) == kind


def test_bounds_of_a_gpu_are_its_published_peaks():
    found = on_paper(A100, count=312 * 10**9, moved=1555 * 10**6, steps=200)
    assert found == pytest.approx({"products_ms": 1.0, "memory_ms": 1.0, "steps_ms": 1.0})


def test_the_first_step_is_known_from_the_bar_and_not_from_what_comes_before():
    before = "sam-add-train-seed0-1f epoch 1/16:   0%|          | 0/2000 [00:00<?, ?step/s]"
    after = (
        "sam-add-train-seed0-1f epoch 1/16:   0%|          | 1/2000 [00:04<2:40:02,  4.80s/step, loss 9.8]"
    )
    assert not FIRST_STEP.search(before)
    assert FIRST_STEP.search(before + "\r" + after)


def test_every_result_has_a_table_on_a_page(pytestconfig):
    names = {name for tables in PAGES.values() for name, _ in tables.values()}
    assert names == {*JOBS, *OTHERS, *PUBLISHED}
    for name, tables in PAGES.items():
        page = (pytestconfig.rootpath / "docs" / name).read_text(encoding="utf-8")
        assert all(f"<!-- {mark} -->\n" in page for mark in tables)


def test_growth_is_a_table_with_the_unit_of_what_grows():
    rows = [{"size": 1, "seconds": 0.1, "memory_mb": 80.0}, {"size": 4, "seconds": 0.4}]
    result = {
        "command": "python -m benchmarks.growth --vary=batch",
        "machine": {"cpu": "a CPU", "cores": 2},
        "result": {"vary": "batch", "inference": {"sam": rows}, "training": {}},
    }
    page = fill("<!-- growth-batch -->\n<!-- end -->\n", {"growth-batch": result}, TABLES)
    assert "|  | 1 documents | 4 documents |" in page
    assert "| inference, sam | 0.100 s, 80 MB | (0 s projected) |" in page


def test_where_there_is_nothing_to_compare_with_the_remedy_is_named(tmp_path):
    with pytest.raises(UserError, match=r"pip install torch|benchmarks/ports\.py"):
        clone_of("bidaf", tmp_path)
