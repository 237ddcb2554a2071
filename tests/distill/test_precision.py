import pytest

from holle_tf.distill.precision import POLICIES, resolve_precision


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
def test_auto_takes_bfloat16_for_a_teacher_where_the_cpu_has_it(tmp_path, flag):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"flags : fpu avx2 {flag} fma\n")
    assert resolve_precision("auto", "qanet", cpuinfo) == "bfloat16"
    assert resolve_precision("auto", "bidaf", cpuinfo) == "bfloat16"
    assert resolve_precision("auto", "sam", cpuinfo) == "none"


def test_auto_takes_float32_where_bfloat16_would_be_emulated(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    assert resolve_precision("auto", "qanet", cpuinfo) == "none"  # no such file, as on a Mac
    cpuinfo.write_text("flags : fpu avx2 avx512f fma\n")
    assert resolve_precision("auto", "qanet", cpuinfo) == "none"


@pytest.mark.parametrize("wanted", list(POLICIES))
def test_what_is_asked_for_is_done(wanted):
    assert resolve_precision(wanted, "qanet") == wanted
