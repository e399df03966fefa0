"""What the first page shows: what is finished, and the next command with a button."""

import shutil
import subprocess
import sys
import time

from pauselib import explorer
from pauselib.explorer.command_panel import CommandPanel
from pauselib.explorer.start import finished_html, finished_table, next_experiment
from pauselib.settings import Settings

pytest_plugins = ["small_run"]


def test_what_is_finished_is_one_line_a_run_with_its_best_variant(own_copy):
    shutil.copytree(own_copy.folder() / "seed-42", own_copy.folder() / "seed-7")
    table = finished_table(own_copy)
    columns = ["experiment", "seed", "models", "with replies", "most accurate", "accuracy"]
    best = ["sft_peft", 0.0]  # none is right in any of four problems; the first of the table is named
    assert table[columns].values.tolist() == [["small", 42, 3, 2, *best], ["small", 7, 3, 2, *best]]
    assert table["first step"].isna().all()
    assert "Reports" not in finished_html(own_copy, own_copy.folder())
    (own_copy.folder() / "report.html").write_text("")
    assert '<a href="report.html">small</a>' in finished_html(own_copy, own_copy.folder())


def test_where_nothing_is_finished_the_whole_table_comes_next(tmp_path):
    nothing = Settings(runs_dir=str(tmp_path))
    assert "Nothing is finished under" in explorer.finished(nothing).data
    assert next_experiment(nothing) == ("tiny", "0 of 25 rows are finished")
    assert "<code>make run</code>" in explorer.next_command(nothing).data


def wait(panel: CommandPanel, text: str) -> None:
    while text not in panel.status.value + panel.said.value:
        assert panel.process is not None or text in panel.status.value + panel.said.value
        time.sleep(0.02)


def test_a_command_s_lines_are_shown_and_whether_it_worked():
    panel = CommandPanel("say", [sys.executable, "-c", "print('<one>'); print('two')"], "Say")
    panel.run.click()
    panel.thread.join(30)
    assert panel.said.value == "<pre>&lt;one&gt;\ntwo</pre>"
    assert panel.status.value == "Finished."
    assert (panel.run.disabled, panel.stop.disabled) == (False, True)


def test_stop_is_ctrl_c():
    code = "import time\nprint('working')\ntry: time.sleep(60)\nexcept KeyboardInterrupt: print('tidied up')"
    panel = CommandPanel("wait", [sys.executable, "-c", code], "Wait")
    panel.run.click()
    wait(panel, "working")
    assert (panel.run.disabled, panel.stop.disabled) == (True, False)
    panel.stop.click()
    panel.thread.join(30)
    assert "tidied up" in panel.said.value
    assert panel.status.value == "Finished."


def test_the_end_of_the_kernel_stops_the_command_too(tmp_path):
    stopped = tmp_path / "stopped"
    code = "import sys, time\nprint('working')\ntry: time.sleep(60)\nexcept KeyboardInterrupt: open(sys.argv[1], 'w')"
    kernel = "import os, signal, sys, time; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    kernel += "from pauselib.explorer.command_panel import CommandPanel\n"
    kernel += "panel = CommandPanel('wait', [sys.executable, '-c', *sys.argv[1:]], 'Wait'); panel.start()\n"
    kernel += "while 'working' not in panel.said.value: time.sleep(0.02)\n"
    kernel += "os.kill(os.getpid(), 9)"  # as Jupyter does where a kernel takes long to end
    assert subprocess.run([sys.executable, "-c", kernel, code, str(stopped)]).returncode == -9
    ends = time.monotonic() + 30
    while not stopped.exists() and time.monotonic() < ends:
        time.sleep(0.02)
    assert stopped.exists()
