"""A real Slurm of one node with two GPUs (null devices), in a folder of its own, which lasts as long as a block."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 1800  # seconds, after which something hangs, on however busy a machine
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "unshare", "nsenter", "mknod")
SLURM_CONF = """
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=500
GresTypes=gpu
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MinJobAge=86400
KillWait=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=200000 Gres=gpu:2
PartitionName=usual Nodes={host} Default=YES PriorityTier=1
PartitionName=urgent Nodes={host} PriorityTier=2
"""


def why_absent() -> str:
    """Why no Slurm can be started here; empty where it can."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        return f"no Slurm here: {', '.join(missing)} missing (Debian's slurm-wlm and munge)"
    if os.getuid() != 0:
        return "only root can start a Slurm of its own"
    bind = ["unshare", "-m", "mount", "--bind", "/tmp", "/etc/slurm"]
    return "" if subprocess.run(bind, capture_output=True).returncode == 0 else "no folder can be mounted here"


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(what: Callable):
    """What a function returns as soon as it is true. Raises TimeoutError where nothing comes of it in half an hour."""
    began = time.monotonic()
    while not (found := what()):
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError(what.__name__)
        time.sleep(0.05)
    return found


class Slurm:
    """A running Slurm, in a namespace in which /etc/slurm is its own."""

    def __init__(self, folder: Path, namespace: int):
        self.folder, self.namespace, self.daemons = folder, namespace, []

    def inside(self, *command: str) -> list[str]:
        """A command as it runs where this Slurm is the one that its programs find."""
        return ["nsenter", f"--mount=/proc/{self.namespace}/ns/mnt", f"--wd={Path.cwd()}", *command]

    def says(self, *command: str) -> str:
        """What a program of Slurm says."""
        return subprocess.run(self.inside(*command), check=True, capture_output=True, text=True, timeout=60).stdout

    def start(self, *daemon: str, answers: list[str]) -> None:
        """Start a daemon and wait until a command that asks it succeeds. Raises RuntimeError, with what the daemon
        said, where it ends.
        """
        output = self.folder / f"{daemon[0]}.output"
        with output.open("wb") as said:
            process = subprocess.Popen(self.inside(*daemon), stdout=said, stderr=said)
        self.daemons.append(process)

        def is_ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"{daemon[0]} does not start:\n{output.read_text(errors='replace')}")
            return subprocess.run(self.inside(*answers), capture_output=True).returncode == 0

        wait_for(is_ready)

    def jobs(self) -> list[dict[str, str]]:
        """All jobs so far, with the fields that scontrol shows, of those that are no names of a run's own."""
        shown = self.says("scontrol", "show", "job", "--detail", "--oneliner")
        return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in shown.splitlines() if line.startswith("JobId=")]


@contextmanager
def one_node_slurm(folder: Path) -> Iterator[Slurm]:
    """Start a Slurm whose files are in a folder, and end it with the block."""
    for name in ("etc", "state", "spool"):
        (folder / name).mkdir(parents=True)
    subprocess.run(["mknod", folder / "gpu0", "c", "1", "3"], check=True)
    subprocess.run(["mknod", folder / "gpu1", "c", "1", "3"], check=True)
    given = {"folder": folder, "host": socket.gethostname().split(".")[0]}
    conf = SLURM_CONF.format(controller_port=free_port(), node_port=free_port(), **given)
    (folder / "etc" / "slurm.conf").write_text(conf)
    (folder / "etc" / "gres.conf").write_text(f"Name=gpu File={folder}/gpu[0-1]\n")
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    places = [f"--{what}-file={folder}/munge.{what}" for what in ("key", "pid", "log", "seed")]
    mount = f"mount --bind '{folder}/etc' /etc/slurm && echo && exec sleep infinity"
    with subprocess.Popen(["unshare", "-m", "sh", "-c", mount], stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        slurm = Slurm(folder, holder.pid)
        try:
            at = f"--socket={folder}/munge.socket"
            slurm.start("munged", "--foreground", "--force", at, *places, answers=["munge", "--no-input", at])
            slurm.start("slurmctld", "-D", "-c", answers=["scontrol", "show", "node"])
            slurm.start("slurmd", "-D", answers=["sh", "-c", "sinfo --noheader --format=%T | grep idle"])
            yield slurm
        finally:
            subprocess.run(slurm.inside("scancel", "--full", "--me"), capture_output=True, timeout=60)
            for process in (*reversed(slurm.daemons), holder):
                process.terminate()
                process.wait(timeout=60)
