"""What `notebooks/explore.ipynb` calls: the overview, and the three panels.

Where nobody can use widgets, under papermill or nbconvert, the panels give way to the first reply as plain HTML.
"""

from html import escape
from types import SimpleNamespace

from pauselib.analysis.tables.two_runs import TwoRuns, the_other
from pauselib.errors import InputError
from pauselib.explorer.contents import (
    experiments_with_models,
    folders_with_replies,
    nothing_html,
    overview_html,
    problems_of,
    rows_with_models,
)
from pauselib.explorer.kept import will_do
from pauselib.explorer.panel import ACCESS, STYLE, Panel, question_html
from pauselib.explorer.replies import Replies, legend_html, reply_block
from pauselib.explorer.start import finished_html, next_experiment
from pauselib.figures.reply_html import NO_MATH
from pauselib.figures.tables import table_html
from pauselib.settings import ROOT, Settings


def overview(settings: Settings):
    """What is finished and what is missing of an experiment, with the command that makes it."""
    return as_html(overview_html(settings))


def ask(settings: Settings):
    """Ask one or two finished variants, with sliders. Without widgets: the reply to the first test problem."""
    rows = rows_of_all_experiments(settings)
    if not rows:
        return as_html(nothing_html(settings, "model"))
    if can_use_widgets():
        from pauselib.explorer.ask_panel import AskPanel

        return accessible(AskPanel(settings))
    row = preferred(rows, settings.variant)
    problems = problems_of(row)
    if problems.empty:
        return as_html("<p>The experiment has no test problems to show a reply to.</p>")
    said = Replies().get(row, problems["question"][0], problems["answer"][0], changes={})
    return one_reply(problems["question"][0], said, row.variant, "pause probability")


def browse(settings: Settings):
    """Browse the stored replies to the test problems. Without widgets: the first of them."""
    rows = [row for row in rows_of_all_experiments(settings) if folders_with_replies(row)]
    if not rows:
        return as_html(nothing_html(settings, "reply"))
    if can_use_widgets():
        from pauselib.explorer.browse_panel import BrowsePanel

        return accessible(BrowsePanel(settings))
    row = preferred(rows, settings.variant)
    said = Replies().stored_in(folders_with_replies(row)[0])[0]
    return one_reply(said["question"], said, row.variant, "none")


def compare(settings: Settings):
    """Compare two finished rows: that of the settings, and the one that `other_experiment` and so on say.

    Without widgets: what differs, the paired table, and the first problem that just one of them gets right.
    """
    rows = [row for row in rows_of_all_experiments(settings) if folders_with_replies(row)]
    if not rows:
        return as_html(nothing_html(settings, "reply"))
    if can_use_widgets():
        from pauselib.explorer.compare_panel import ComparePanel

        return accessible(ComparePanel(settings))
    first = preferred(rows, settings.variant)
    try:
        two = TwoRuns(first, the_other(first))
    except InputError as error:
        return as_html(f"<p>{escape(str(error))}</p>")
    return as_html(f"<p>{escape(two.reading)}</p>{table_html(two.paired)}{replies_side_by_side(two)}")


def finished(settings: Settings):
    """What is finished below runs_dir, with its numbers, for `notebooks/start.ipynb`."""
    return as_html(finished_html(settings, ROOT / "notebooks"))


def next_command(settings: Settings):
    """The next command to type in a terminal, for `notebooks/start.ipynb`."""
    found = next_experiment(settings)
    if found is None:
        return as_html("<p>All experiments that run offline are finished: look at them in the notebooks above.</p>")
    name, how_far = found
    command = "make run" if name == Settings().experiment else f"make run CONFIG=configs/{name}.yaml"
    said = f"Experiment {escape(name)}: {how_far}. A run that was stopped goes on where it was."
    return as_html(f"<p>{said}</p><p><code>{escape(command)}</code></p>")


def pick(settings: Settings, step: str):
    """Show a picker of the variant for the notebook of a `step` (`warmup` or `evaluate`), and what the step will do.

    What is returned has the picked `settings`. Without widgets they are the notebook's own.
    """
    from IPython.display import display

    if can_use_widgets():
        from pauselib.explorer.picker import Picker

        picker = Picker(settings, step)
        display(accessible(picker))
        return picker
    display(as_html(f"<p><b>{escape(settings.variant)}</b>: {escape(will_do(settings, step))}.</p>"))
    return SimpleNamespace(settings=settings)


def replies_side_by_side(two: TwoRuns) -> str:
    """Two replies to the first problem that just one of two rows gets right, or else to the first one, as HTML."""
    if two.replies.empty:
        return ""
    apart = two.replies[two.replies["correct_first"] != two.replies["correct_second"]]
    problem = (apart if len(apart) else two.replies).iloc[0]
    html, replies = question_html(problem["question"]) + f"<p>{legend_html('none')}</p>", Replies()
    for one, name in zip(two.both, two.names):
        stored = replies.stored_in(one.variant_folder())
        said = next(said for said in stored if said["problem_id"] == problem["problem_id"])
        html += reply_block(said, title=name)
    return html


def rows_of_all_experiments(settings: Settings) -> list[Settings]:
    """Every variant below runs_dir that has a model, those of the notebook's experiment and seed first."""
    return [row for experiment in experiments_with_models(settings) for row in rows_with_models(experiment)]


def preferred(rows: list[Settings], variant: str) -> Settings:
    """The first row of that variant, or the first of all."""
    return next((row for row in rows if row.variant == variant), rows[0])


def can_use_widgets() -> bool:
    """Whether somebody sits before the notebook: under papermill and nbconvert, the kernel may never ask for input."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and bool(kernel.get_parent().get("content", {}).get("allow_stdin"))


def accessible(panel: Panel) -> Panel:
    """The panel, with what lets it be used by keyboard and by a screen reader."""
    from IPython.display import Javascript, display

    display(Javascript(ACCESS))
    return panel


def one_reply(question: str, said: dict, variant: str, shade: str):
    """A question and a variant's reply to it, for where nobody can use widgets."""
    return as_html(f"{question_html(question)}<p>{legend_html(shade)}</p>{reply_block(said, shade, title=variant)}")


def as_html(html: str):
    """HTML in the explorer's looks, for the notebook to show."""
    from IPython.display import HTML

    return HTML(f'{STYLE}<div class="pauses {NO_MATH}">{html}</div>')
