"""What Ctrl-C does to a process that has begun nothing, to one that has, and to one that is deaf to it."""

import signal
import subprocess
import sys

import pytest

PROLOGUE = "import os, signal; from pauselib.workflow.interrupts import end_at_once, hear; "
INTERRUPT = "os.kill(os.getpid(), signal.SIGINT); print('went on')"


@pytest.mark.parametrize(
    ("code", "status", "said", "complaint"),
    [
        ("end_at_once()", -signal.SIGINT, "", ""),
        ("end_at_once(); hear()", -signal.SIGINT, "", "KeyboardInterrupt"),
        ("signal.signal(signal.SIGINT, signal.SIG_IGN); end_at_once(); hear()", 0, "went on", ""),
        (f"end_at_once(); hear()\ntry: {INTERRUPT}\nexcept KeyboardInterrupt: pass\npass", 0, "went on", ""),
    ],
)
def test_an_interrupt_ends_a_process_at_once_or_is_heard_or_goes_unheard_as_before(code, status, said, complaint):
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    command = [sys.executable, "-c", f"{PROLOGUE}{code}; {INTERRUPT}"]
    done = subprocess.run(command, capture_output=True, text=True, **heard)
    assert (done.returncode, done.stdout.strip()) == (status, said)
    assert done.stderr.strip().endswith(complaint)
    assert bool(done.stderr) == bool(complaint)
