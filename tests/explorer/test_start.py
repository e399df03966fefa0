"""What the first page shows: what is finished, and the next command."""

import shutil

from pauselib import explorer
from pauselib.explorer.start import finished_html, finished_table, next_experiment
from pauselib.settings import Settings

pytest_plugins = ["small_run"]


def test_what_is_finished_is_one_line_a_run_with_its_best_variant(own_copy):
    shutil.copytree(own_copy.folder() / "seed-42", own_copy.folder() / "seed-7")
    table = finished_table(own_copy)
    columns = ["experiment", "seed", "models", "with replies", "most accurate", "accuracy"]
    best = ["sft_peft", 0.0]  # none is right in any of four problems; the first of the table is named
    assert table[columns].fillna("none").values.tolist() == [
        ["small", 42, 3, 2, *best],
        ["small", 7, 3, 0, "–", "none"],  # a copy is no second seed
    ]
    assert table["first step"].isna().all()
    assert "Reports" not in finished_html(own_copy, own_copy.folder())
    (own_copy.folder() / "report.html").write_text("")
    assert '<a href="report.html">small</a>' in finished_html(own_copy, own_copy.folder())


def test_where_nothing_is_finished_the_whole_table_comes_next(tmp_path):
    nothing = Settings(runs_dir=str(tmp_path))
    assert "Nothing is finished under" in explorer.finished(nothing).data
    assert next_experiment(nothing) == ("tiny", "0 of 25 rows are finished")
    assert "<code>make run</code>" in explorer.next_command(nothing).data
