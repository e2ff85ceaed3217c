"""Stand-ins for Slurm's commands: sbatch starts each task of an array at once, here; squeue lists the living.

While a file `hold` is in the folder tasks wait; squeue removes it when it has listed one.
"""

import os
import stat
import sys
from pathlib import Path

SBATCH = r"""
import os, re, subprocess, sys
from pathlib import Path
HELD = 'while [ -e "$STAND_IN/hold" ]; do sleep 0.1; done; exec bash "$1"'
queue = Path(os.environ["STAND_IN"], "queue")
script = sys.argv[-1]
array = re.search(r"--array=(\d+)-(\d+)", Path(script).read_text())
first, last = array.groups() if array else ("0", "0")
job = str(100 + len({path.name.split("_")[0] for path in queue.iterdir()}))
for task in range(int(first), int(last) + 1):
    of_array = {"SLURM_ARRAY_JOB_ID": job, "SLURM_ARRAY_TASK_ID": str(task)} if array else {}
    of_task = {**of_array, "SLURM_JOB_ID": f"{job}{task}" if array else job, "SLURM_NTASKS": "1",
               "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0", "SLURM_JOB_NUM_NODES": "1",
               "SLURM_JOB_NODELIST": "here"}
    process = subprocess.Popen(["bash", "-c", HELD, "held", script], env=os.environ | of_task, start_new_session=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (queue / (f"{job}_{task}" if array else job)).write_text(str(process.pid))
print("Submitted batch job", job)
"""
SRUN = r"""
import os, sys
words = sys.argv[1:]
while words[0].startswith("--"):
    word = words.pop(0)
    if word in ("--output", "--error"):
        path = words.pop(0)
        for sign, name in (("%A", "SLURM_ARRAY_JOB_ID"), ("%a", "SLURM_ARRAY_TASK_ID"), ("%t", "SLURM_PROCID"),
                           ("%j", "SLURM_JOB_ID")):
            path = path.replace(sign, os.environ.get(name, ""))
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND), 1 if word == "--output" else 2)
os.execvp(words[0], words)
"""
SQUEUE = r"""
import os
from pathlib import Path
for path in Path(os.environ["STAND_IN"], "queue").iterdir():
    try:
        state = Path("/proc", path.read_text(), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        continue
    if state != "Z":
        print(f"{path.name}|RUNNING")
        Path(os.environ["STAND_IN"], "hold").unlink(missing_ok=True)
"""
SCANCEL = r"""
import os, signal, sys
from pathlib import Path
for job in sys.argv[1:]:
    os.killpg(int(Path(os.environ["STAND_IN"], "queue", job).read_text()), signal.SIGKILL)
"""


def stand_in(folder: Path) -> dict[str, str]:
    """Writes the commands under a folder; the environment variables with which they are found."""
    (folder / "queue").mkdir(parents=True)
    for name, text in {"sbatch": SBATCH, "srun": SRUN, "squeue": SQUEUE, "scancel": SCANCEL}.items():
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"STAND_IN": str(folder), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
