"""The job files for Kubernetes and Slurm: their shell code gives every process a cluster that can be read."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from holle_tf.system.cluster import read_cluster

FILES = Path(__file__).parents[2] / "examples" / "cluster"
PYTHON = '#!/bin/sh\necho "$TF_CONFIG"\necho "$@"\n'


@pytest.fixture
def commands(tmp_path):
    """Function (name=script) -> a PATH on which these commands come first."""

    def make(**scripts):
        for name, text in scripts.items():
            path = tmp_path / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        return f"{tmp_path / 'bin'}:{os.environ['PATH']}"

    return make


def test_every_pod_of_the_job_knows_all_and_itself(commands):
    claim, service, job = yaml.safe_load_all((FILES / "kubernetes.yaml").read_text())
    spec = job["spec"]["template"]["spec"]
    container = spec["containers"][0]
    assert spec["subdomain"] == service["metadata"]["name"] == "holle-tf"
    assert service["spec"]["selector"]["job-name"] == job["metadata"]["name"] == "holle-tf"
    assert spec["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    processes = {variable["name"]: variable["value"] for variable in container["env"]}
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == int(processes["PROCESSES"])
    for index in range(2):
        environment = {**processes, "JOB_COMPLETION_INDEX": str(index), "PATH": commands(python=PYTHON)}
        done = subprocess.run(
            [*container["command"], *container["args"]],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        config, arguments = done.stdout.splitlines()
        found = read_cluster({"TF_CONFIG": config})
        assert found.addresses == ("holle-tf-0.holle-tf:7800", "holle-tf-1.holle-tf:7800")
        assert found.index == index
        assert "--strategy=multiworker" in arguments


SRUN = """#!/bin/bash
shift  # --kill-on-bad-exit=1
[ -e tries ] && touch again
touch tries
for SLURM_PROCID in 0 1; do export SLURM_PROCID; "$@" || exit; done
[ -e again ] || exit 137
"""


def test_every_task_of_the_script_knows_all_and_itself_and_a_killed_one_comes_again(commands, tmp_path):
    path = commands(scontrol='#!/bin/sh\n[ "$3" = "node[7-8]" ] && printf "node7\\nnode8\\n"\n', srun=SRUN)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    environment = {"SLURM_JOB_ID": "40017", "SLURM_JOB_NODELIST": "node[7-8]", "PATH": path}
    command = ["bash", FILES / "slurm.sbatch", "--mode=train", "--set", "a b=c d"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 8  # two processes, twice
    for index, (config, arguments) in enumerate(zip(lines[4::2], lines[5::2])):
        found = read_cluster({"TF_CONFIG": config})
        assert found.addresses == ("node7:20017", "node8:20017") and found.index == index
        assert arguments == "-m holle_tf.main --strategy=multiworker --mode=train --set a b=c d"
