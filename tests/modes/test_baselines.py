"""``--mode=baselines``: baselines beside runs."""

import json
import shutil

from holle_tf.modes.baselines import baselines_mode


def test_baselines_stand_beside_every_run(tiny, prepared, student_run, tmp_path, capsys):
    (tmp_path / "data").symlink_to(prepared.folder.parent)
    shutil.copytree(student_run.path, tmp_path / prepared.folder.name / student_run.path.name)
    baselines_mode(tiny(runs_dir=str(tmp_path)), "test")
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"random span", student_run.path.name} <= {row["name"] for row in rows}
