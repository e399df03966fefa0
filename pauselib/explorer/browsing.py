"""Browsing the stored replies to the test problems: filters, a list, and the chosen reply with its pauses."""

import textwrap
from pathlib import Path

from ipywidgets import HTML, Dropdown, IntRangeSlider, Select, Text, VBox

from pauselib.decoding.interventions import name_in_words
from pauselib.explorer import looks
from pauselib.explorer.asking import made_at, stored_replies
from pauselib.explorer.choosing import NOTHING, labelled, stored_rows
from pauselib.settings import Settings
from pauselib.tokens import PAUSE_TEXT

VERDICTS = {"all": (True, False), "correct": (True,), "incorrect": (False,)}
ENDS = {"all": (True, False), "cut at the limit": (True,), "ended by itself": (False,)}


class Browser(VBox):
    """Filters of stored replies, a list of those that pass them, and the one that is chosen there."""

    def __init__(self, folders: dict[str, Path], first: str):
        """`folders` are those with replies, by what these are called; `first` are the ones to begin with."""
        super().__init__()
        self.folder = looks.control(Dropdown, "Variant", options=folders, value=folders[first])
        self.judged = looks.control(Dropdown, "Judged", options=VERDICTS)
        self.end = looks.control(Dropdown, "End", options=ENDS)
        self.pauses = looks.control(IntRangeSlider, "Pauses", min=0, max=1)
        self.search = looks.control(Text, "Search", placeholder="in questions, replies and problem ids")
        self.shade, self.numbers = looks.shading()
        self.listing = looks.control(Select, "Reply", looks.WIDE, rows=10)
        self.listing.add_class("rows")
        self.status, self.shown = HTML(), HTML()
        choices = looks.in_lines(self.folder, self.shade, self.judged, self.end, self.pauses, self.search)
        self.children = [choices, self.numbers, self.status, self.listing, self.shown]
        self.read()
        self.folder.observe(self.read, "value")
        for one in (self.judged, self.end, self.pauses, self.search):
            one.observe(self.list_replies, "value")
        for one in (self.listing, self.shade, self.numbers):
            one.observe(self.show, "value")

    def read(self, _=None) -> None:
        """Take the replies of the chosen folder from their files, and let the slider of pauses span them all."""
        self.stored = stored_replies(self.folder.value, made_at(self.folder.value))
        self.pauses.max = max([1, *(said["n_pauses"] for said in self.stored)])
        self.pauses.value = (0, self.pauses.max)
        self.list_replies()

    def list_replies(self, _=None) -> None:
        """List the replies that pass the filters, and show the first of them."""
        found = [said for said in self.stored if self.passes(said)]
        self.status.value = f"{len(found)} of {len(self.stored)} replies pass the filters."
        self.listing.options = [(list_text(said), said) for said in found]
        self.listing.index = 0 if found else None
        self.show()

    def passes(self, said: dict) -> bool:
        """Return whether a reply passes all filters; text is looked for with the pauses and without them."""
        least, most = self.pauses.value
        texts = (said["problem_id"], said["question"], said["reply"], said["reply"].replace(PAUSE_TEXT, ""))
        return (
            said["correct"] in self.judged.value
            and said["truncated"] in self.end.value
            and least <= said["n_pauses"] <= most
            and any(self.search.value.casefold() in text.casefold() for text in texts)
        )

    def show(self, _=None) -> None:
        """Show the reply that is chosen in the list; without stored tokens it has no shade."""
        said, shade = self.listing.value, self.shade.value
        if said is None:
            self.shown.value = ""
        else:
            reply = looks.reply_block(said, said["problem_id"], shade, self.numbers.value)
            self.shown.value = looks.page_html(said["question"], [reply], shade if said["tokens"] else "none")


def list_text(said: dict) -> str:
    """Return a reply as an item of the list, in columns."""
    verdict, cut = "✓ correct" if said["correct"] else "✗ incorrect", "cut" if said["truncated"] else ""
    counts = f"{said['n_pauses']:>3} pauses {said['n_tokens']:>4} tokens {cut:<3}"
    question = textwrap.shorten(said["question"], 95, placeholder=" …")
    return f"{said['problem_id']:<10} {verdict:<11} {counts}  {question}".replace(" ", "\u00a0")


def folders_with_replies(settings: Settings) -> dict[str, Path]:
    """Return every folder with replies by what these are called: a row, and where there is one its intervention."""
    found = {}
    for label, row in labelled(stored_rows(settings)):
        found[label] = row.variant_folder()
        for one in sorted(found[label].glob("interventions/*")):
            words = f"{label}, {name_in_words(one.name)}"
            found[f"{label}, {one.name}" if words in found else words] = one  # two may mean the same
    return {label: folder for label, folder in found.items() if made_at(folder) is not None}


def browse(settings: Settings):
    """Return what goes through the stored replies; where nobody can use widgets, the first of them."""
    folders = folders_with_replies(settings)
    if not folders:
        return looks.as_html(NOTHING)
    mine = settings.variant_folder()
    first = next((label for label, folder in folders.items() if folder == mine), next(iter(folders)))
    if looks.can_use_widgets():
        return looks.usable(Browser(folders, first))
    said = stored_replies(folders[first], made_at(folders[first]))[0]
    return looks.as_html(looks.page_html(said["question"], [looks.reply_block(said, first)], "none"))
