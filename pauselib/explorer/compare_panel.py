"""The panel that compares two finished rows: what differs in how they were made, their losses, which problems just one
of them gets right, and two replies side by side.
"""

from html import escape

from ipywidgets import HTML, Accordion, Dropdown, Image, Select, Text, VBox

from pauselib.analysis.tables.two_runs import ENDS, TwoRuns, the_other
from pauselib.errors import InputError
from pauselib.explorer.contents import folders_with_replies
from pauselib.explorer.pane import Pane
from pauselib.explorer.panel import STYLE, WIDE, Panel, control, in_columns, offer, question_html, shorten
from pauselib.explorer.replies import Replies, legend_html, reply_block
from pauselib.figures.tables import table_html
from pauselib.settings import Settings

ALL = "all that both answered"
MOST_LISTED = 500  # problems in the list: a browser draws them at once


class ComparePanel(Panel):
    """Two rows, of one experiment or of two, and the problems that both answered."""

    def __init__(self, settings: Settings):
        super().__init__(settings, lambda row: bool(folders_with_replies(row)))
        self.replies, self.two, self.found = Replies(), None, []
        self.other_run = control(Dropdown, "Second run", options=self.run.options, index=0)
        self.other_variant = control(Dropdown, "Second variant")
        self.run.description, self.variant.description = "First run", "First variant"
        self.which = control(Dropdown, "Problems", options=[ALL, *ENDS.values()])
        self.search = control(Text, "Search", placeholder="in questions and problem ids")
        self.reading, self.tables, self.settings_table, self.about_losses = HTML(), HTML(), HTML(), HTML()
        self.picture = Image(format="png", layout={"max_width": "100%", "align_self": "flex-start"})
        details = [self.settings_table, VBox([self.about_losses, self.picture])]
        titles = ("What differs in how they were made", "Losses")
        self.details = Accordion(details, titles=titles, selected_index=None)
        self.listing = Select(rows=8, description="Problem", layout={"width": WIDE})
        self.listing.add_class("rows")
        self.asked, self.panes = HTML(), [Pane(), Pane()]
        self.children = [
            HTML(STYLE),
            in_columns(self.run, self.other_run),
            in_columns(self.variant, self.other_variant),
            self.status,
            self.reading,
            self.tables,
            self.details,
            in_columns(self.which, self.search),
            self.listing,
            in_columns(self.shade, self.numbers),
            self.asked,
            self.legend,
            in_columns(*self.panes),
        ]
        self.choose_first_ones(settings)
        self.when(self.choose_run, self.run)
        self.when(self.choose_other_run, self.other_run)
        self.when(self.compare, self.variant, self.other_variant)
        self.when(self.list_problems, self.which, self.search)
        self.when(self.show_replies, self.listing, self.shade, self.numbers)

    def choose_first_ones(self, settings: Settings) -> None:
        """Choose the row of the notebook, and the one that its settings say it is compared with."""
        self.offer_variants()
        other = the_other(settings)
        places = [(one.experiment, one.seed) for _, one in self.other_run.options]
        wanted = (other.experiment, other.seed)
        self.other_run.index = places.index(wanted) if wanted in places else 0
        self.choose_other_run(other.variant)

    def choose_run(self) -> None:
        """Offer the variants of the first run."""
        self.offer_variants()
        self.compare()

    def choose_other_run(self, wanted: str = "") -> None:
        """Offer the variants of the second run; choose the wanted one, or that of the first run where it is there."""
        rows = self.rows_of(self.other_run.value)
        names = [row.variant for row in rows]
        wanted = wanted or self.variant.value.variant
        offer(self.other_variant, list(zip(names, rows)), names.index(wanted) if wanted in names else 0)
        self.compare()

    def compare(self) -> None:
        """Compare what is chosen; what can't be compared is told in a sentence, and nothing else is shown."""
        self.two, self.status.value = None, ""
        try:
            two = TwoRuns(self.variant.value, self.other_variant.value)
            self.show_comparison(two)
            self.two = two
        except InputError as error:
            self.reading.value = f'<p role="alert">{escape(str(error))}</p>'
            self.tables.value = self.settings_table.value = self.about_losses.value = ""
            self.picture.value = b""
        self.list_problems()

    def show_comparison(self, two: TwoRuns) -> None:
        """Show what holds for all problems."""
        from pauselib import figures
        from pauselib.figures.style import alternative, saved

        self.reading.value = f"<p>{escape(two.reading)}</p>"
        paired = table_html(two.paired, "Paired by problem")
        counts = table_html(two.agreement, "Where they agree")
        self.tables.value = f'<div class="beside">{paired}{counts}</div>'
        self.settings_table.value = differences_html(two)
        self.about_losses.value = f"<p>{escape(two.about_losses)}</p>"
        figure = figures.losses_of_two(two.losses)
        self.picture.alt = alternative(figure)
        self.picture.value = saved(figure, "png")

    def list_problems(self) -> None:
        """List the problems of the chosen kind that have the text."""
        self.found, text = [], self.search.value.casefold()
        for problem in self.two.replies.itertuples() if self.two else ():
            fits = self.which.value in (ALL, problem.end)
            if fits and text in f"{problem.problem_id}\n{problem.question}".casefold():
                self.found.append(problem)
        offer(self.listing, [(list_text(one), i) for i, one in enumerate(self.found[:MOST_LISTED])])
        listed = f"; the first {MOST_LISTED} are listed" if len(self.found) > MOST_LISTED else ""
        if self.two:
            self.status.value = f"{len(self.found)} of {len(self.two.replies)} shared problems{listed}."
        self.show_replies()

    def show_replies(self) -> None:
        """Show the two replies to the chosen problem."""
        self.legend.value = legend_html(self.shade.value)
        if self.two is None or self.listing.value is None:
            self.asked.value = ""
            for pane in self.panes:
                pane.reply = ""
            return
        problem = self.found[self.listing.value]
        self.asked.value = question_html(problem.question)
        for pane, one, name in zip(self.panes, self.two.both, self.two.names):
            stored = self.replies.stored_in(one.variant_folder())
            said = next(said for said in stored if said["problem_id"] == problem.problem_id)
            pane.reply = reply_block(said, self.shade.value, self.numbers.value, name)


def differences_html(two: TwoRuns) -> str:
    """The table of what differs in how two rows were made, or that nothing does, as HTML."""
    table = two.differing_settings
    return table_html(table) if len(table) else "<p>Nothing differs in what they were made from.</p>"


def list_text(problem) -> str:
    """A shared problem as an item of the list, in columns."""
    counts = f"{problem.n_pauses_first:>3} and {problem.n_pauses_second:>3} pauses"
    text = f"{problem.problem_id:<10} {problem.end:<21} {counts}  {shorten(problem.question, 90)}"
    return text.replace(" ", "\u00a0")
