import pytest

from pipelines.json_values import as_offset


@pytest.mark.parametrize("written", [7, 7.0, "7", "7.0", "7.000", " 7.0 ", "007"])
def test_a_whole_number_is_an_offset_however_it_is_written(written):
    assert as_offset(written) == 7


@pytest.mark.parametrize(
    "written",
    ["7.5", 7.5, "7.", ".0", "7.0.0", "7,0", "7e0", "", "nan", "-1.0", "٧", "1" * 16, True, None, [7]],
)
def test_anything_else_is_no_offset(written):
    assert as_offset(written) is None
