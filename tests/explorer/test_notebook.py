"""What the notebook calls, and the notebook itself, where nobody can use widgets."""

import subprocess
import sys
from pathlib import Path

import pytest
from reading import first, pauses

from pauselib import explorer
from pauselib.explorer.contents import problems_of
from pauselib.settings import Settings

pytest_plugins = ["small_run"]
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "explore.ipynb"


def test_the_explorer_is_imported_without_torch():
    code = "import sys; from pauselib import explorer; explorer.overview; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'asks'"):
        explorer.asks  # noqa: B018


@pytest.mark.parametrize(("part", "what"), [(explorer.ask, "model"), (explorer.browse, "reply")])
def test_where_nothing_is_finished_a_sentence_names_the_command(part, what, tmp_path):
    html = part(Settings(runs_dir=str(tmp_path))).data
    assert f"There is no {what} under {tmp_path} yet. <code>make run</code> makes" in html
    command = "papermill notebooks/evaluate.ipynb out.ipynb -p variant sft_peft -p experiment tiny -p seed 42"
    assert f"<code>{command} -p runs_dir {tmp_path}</code>" in html


def test_where_nobody_can_use_widgets_the_first_reply_is_shown_as_html(asked):
    question = problems_of(asked)["question"][0]
    for part in (explorer.ask, explorer.browse):
        html = part(asked).data
        assert question in html
        assert pauses(html) == first(asked)["n_pauses"]


def test_the_notebook_runs_through_under_papermill_without_widgets(asked, tmp_path):
    import papermill

    for runs_dir, expected in ((asked.runs_dir, 'aria-label="pause"'), (str(tmp_path), "There is no reply")):
        notebook = papermill.execute_notebook(
            NOTEBOOK,
            tmp_path / "out.ipynb",
            {"experiment": "small", "runs_dir": runs_dir},
            progress_bar=False,
            cwd=str(NOTEBOOK.parent),
        )
        assert "widgets" not in notebook.metadata
        outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
        html = [output["data"]["text/html"] for output in outputs]
        assert expected in "".join(html)
        assert len(html) == 4


def test_two_rows_are_compared_under_papermill(small_run, tmp_path):
    import papermill

    given = {"experiment": "small", "runs_dir": small_run.runs_dir, "other_variant": "sft_fr_phead_peft"}
    path = NOTEBOOK.with_name("compare.ipynb")
    notebook = papermill.execute_notebook(path, tmp_path / "out.ipynb", given, progress_bar=False)
    outputs = str([cell.outputs for cell in notebook.cells if cell.cell_type == "code"])
    outputs = outputs.replace("<wbr>", "").replace(' style="text-align: left"', "")
    assert "<td>variant</td><td>sft_peft</td><td>sft_fr_phead_peft</td>" in outputs
    assert "The losses of two trainings by step" in outputs
    assert "On the 4 problems that both answered" in outputs
