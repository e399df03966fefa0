"""A command with a button that runs it, and what it says while it runs."""

import collections
import functools
import os
import signal
import subprocess
import threading
from html import escape

from ipywidgets import HTML, Button, HBox, VBox

from pauselib.settings import ROOT

MOST_LINES = 15  # of the output, the last of which are shown


class CommandPanel(VBox):
    """A command, a button that runs it in the project's folder, and one that stops it as Ctrl-C does.

    The end of the notebook's kernel stops it in the same way.
    """

    def __init__(self, shown: str, command: list[str], what: str):
        """`shown` is the command as a person would type it, `what` is what the button says."""
        self.command, self.process, self.watch, self.thread = command, None, None, None
        self.run = Button(description=what, button_style="primary", layout={"width": "max-content", "flex": "none"})
        self.stop = Button(description="Stop", disabled=True)
        self.status, self.said = HTML(), HTML()
        self.said.add_class("said")
        typed = HTML(f"<code>{escape(shown)}</code>")
        super().__init__([HBox([self.run, self.stop, typed]), self.status, self.said])
        self.add_class("pauses")
        self.run.on_click(lambda _: self.start())
        self.stop.on_click(lambda _: self.interrupt())

    def start(self) -> None:
        """Run the command, unless it is running."""
        if self.process is not None:
            return
        self.run.disabled, self.stop.disabled = True, False
        self.status.value, self.said.value = "Running …", ""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        plain = {**os.environ, "TERM": "dumb", "PYTHONUNBUFFERED": "1"}
        heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # kernels may ignore it, so would this
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=plain,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=heed,
            **pipes,
        )
        # it reads until the kernel ends, however that is killed: nobody could see or stop the command any more
        stop_it = f"read _; kill -INT -{self.process.pid}"
        self.watch = subprocess.Popen(["sh", "-c", stop_it], stdin=subprocess.PIPE, start_new_session=True)
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self) -> None:
        """Show the last lines of the output as they come, and at the end whether it worked; the thread's work."""
        lines = collections.deque(maxlen=MOST_LINES)
        for line in self.process.stdout:
            lines.append(line.rstrip().split("\r")[-1])
            self.said.value = f"<pre>{escape(chr(10).join(lines))}</pre>"
        code = self.process.wait()
        self.watch.kill()
        self.watch.communicate()
        self.process = None
        self.status.value = "Finished." if code == 0 else f"It ended with exit code {code}."
        self.run.disabled, self.stop.disabled = False, True

    def interrupt(self) -> None:
        """Stop the command as Ctrl-C does; a run goes on from there when it is started again."""
        if self.process is not None:
            self.status.value = "Stopping …"
            os.killpg(self.process.pid, signal.SIGINT)
