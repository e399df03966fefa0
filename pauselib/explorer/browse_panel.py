"""The panel that goes through the stored replies of a variant to the test problems."""

from ipywidgets import HTML, Button, Dropdown, IntRangeSlider, Select, Text

from pauselib.decoding.interventions import name_in_words
from pauselib.explorer.contents import folders_with_replies, intervention_name
from pauselib.explorer.panel import STYLE, WIDE, Panel, control, in_a_line, in_columns, offer, question_html, shorten
from pauselib.explorer.replies import Replies, legend_html, matching, reply_block
from pauselib.settings import Settings

PAGE = 10  # replies in a page of the list
VERDICTS = {"all": None, "correct": True, "incorrect": False}
ENDS = {"all": None, "cut at the limit": True, "ended by itself": False}
NO_TOKENS = "<p>There is no tokens.parquet beside these replies, so no token's probabilities are known.</p>"


class BrowsePanel(Panel):
    """The replies of a variant to the test problems: filters, a list by pages, and the chosen reply with its pauses."""

    def __init__(self, settings: Settings):
        super().__init__(settings, lambda row: bool(folders_with_replies(row)))
        self.replies = Replies()
        self.stored, self.found, self.page_start = [], [], 0  # of the chosen folder; those that pass the filters
        self.decoded = control(Dropdown, "Decoded")
        self.judged = control(Dropdown, "Judged", options=list(VERDICTS))
        self.end = control(Dropdown, "End", options=list(ENDS))
        self.pauses = control(IntRangeSlider, "Pauses", min=0, max=1)
        self.search = control(Text, "Search", placeholder="in questions, replies and problem ids")
        self.clear = Button(description="Clear filters")
        self.back, self.forth = Button(description="Previous page"), Button(description="Next page")
        self.listing = Select(
            rows=PAGE, description="Reply", layout={"width": WIDE}, style={"description_width": "4em"}
        )
        self.listing.add_class("rows")
        self.asked, self.pane = HTML(), HTML()
        self.pane.add_class("pane")
        self.children = [
            HTML(STYLE),
            in_columns(self.run, self.shade),
            in_columns(self.variant, self.decoded),
            in_columns(self.judged, self.end),
            in_columns(self.pauses, self.search),
            in_a_line(self.back, self.forth, self.clear, self.numbers),
            self.status,
            self.listing,
            self.asked,
            self.legend,
            self.pane,
        ]
        self.choose_run()
        self.when(self.choose_run, self.run)
        self.when(self.choose_variant, self.variant)
        self.when(self.choose_folder, self.decoded)
        self.when(self.apply_filters, self.judged, self.end, self.pauses, self.search)
        self.when(self.clear_filters, self.clear)
        self.when(lambda: self.show_page(self.page_start - PAGE), self.back)
        self.when(lambda: self.show_page(self.page_start + PAGE), self.forth)
        self.when(self.show_reply, self.listing, self.shade, self.numbers)

    def choose_run(self) -> None:
        """Offer the variants of the chosen run."""
        self.offer_variants()
        self.choose_variant()

    def choose_variant(self) -> None:
        """Offer the ways in which the chosen variant's replies were decoded."""
        folders = folders_with_replies(self.variant.value)
        how = [name_in_words(intervention_name(folder)) for folder in folders]
        offer(self.decoded, [(words or "as the model says", folder) for words, folder in zip(how, folders)])
        self.choose_folder()

    def choose_folder(self) -> None:
        """Take the replies from their files, and let the slider of pauses span them."""
        self.stored = self.replies.stored_in(self.decoded.value)
        most = max((said["n_pauses"] for said in self.stored), default=0)
        self.pauses.max = max(most, 1)
        self.pauses.value = (0, self.pauses.max)
        self.apply_filters()

    def apply_filters(self) -> None:
        """List the replies that pass the filters, from the first page."""
        correct, truncated = VERDICTS[self.judged.value], ENDS[self.end.value]
        self.found = matching(self.stored, correct, truncated, self.pauses.value, self.search.value)
        self.show_page(0)

    def clear_filters(self) -> None:
        """Let all replies through again."""
        self.judged.index = self.end.index = 0
        self.pauses.value, self.search.value = (0, self.pauses.max), ""

    def show_page(self, start: int) -> None:
        """List the page of what is found that begins at `start`."""
        self.page_start = start
        page = range(start, min(start + PAGE, len(self.found)))
        self.back.disabled, self.forth.disabled = start == 0, page.stop == len(self.found)
        listed = f"; {page.start + 1} to {page.stop} are listed" if page else ""
        self.status.value = f"{len(self.found)} of {len(self.stored)} replies pass the filters{listed}."
        offer(self.listing, [(list_text(self.found[i]), i) for i in page])
        self.show_reply()

    def show_reply(self) -> None:
        """Show the reply that is chosen in the list."""
        self.legend.value = legend_html(self.shade.value)
        if self.listing.value is None:
            self.asked.value = self.pane.value = ""
            return
        said = self.found[self.listing.value]
        self.asked.value = question_html(said["question"])
        block = reply_block(said, self.shade.value, self.numbers.value, said["problem_id"])
        self.pane.value = block if said["tokens"] else block + NO_TOKENS


def list_text(said: dict) -> str:
    """A reply as an item of the list, in columns."""
    verdict, cut = "✓ correct" if said["correct"] else "✗ incorrect", "cut" if said["truncated"] else ""
    counts = f"{said['n_pauses']:>3} pauses {said['n_tokens']:>4} tokens {cut:<3}"
    text = f"{said['problem_id']:<10} {verdict:<11} {counts}  {shorten(said['question'], 95)}"
    return text.replace(" ", "\u00a0")
