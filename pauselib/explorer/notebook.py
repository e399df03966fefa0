"""What `notebooks/explore.ipynb` calls: the overview, and the two panels.

Where nobody can use widgets, under papermill or nbconvert, `ask` and `browse` give the first reply as plain HTML.
"""

from pauselib.explorer.contents import (
    experiments_with_models,
    folders_with_replies,
    nothing_html,
    overview_html,
    problems_of,
    rows_with_models,
)
from pauselib.explorer.panel import ACCESS, STYLE, Panel, question_html
from pauselib.explorer.replies import Replies, legend_html, reply_block
from pauselib.settings import Settings


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

    return HTML(f'{STYLE}<div class="pauses">{html}</div>')
