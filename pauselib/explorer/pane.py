"""A place for one reply, which says when the reply is not, or not yet, the one to what is chosen."""

from html import escape

from ipywidgets import HTML

OLD = "From before: this is not the reply to what is chosen now."
STOPPED = "Stopped before its end."


class Pane(HTML):
    """A reply as HTML, below a line for a note on it, which takes its place also where it is empty.

    To set `reply` shows a finished reply, to set `partial` one that is still growing.
    """

    def __init__(self):
        super().__init__(layout={"flex": "1 1 17em"})  # two are side by side where there is room for both
        self.html, self.is_whole = "", True
        self.add_class("pane")

    @property
    def reply(self) -> str:
        """The reply that is shown, finished or not; empty before the first one."""
        return self.html

    @reply.setter
    def reply(self, html: str) -> None:
        """Show a finished reply that belongs to what is chosen."""
        self.put(html, is_whole=True)

    @property
    def partial(self) -> str:
        """The same; what is set is shown as a reply that is still growing."""
        return self.html

    @partial.setter
    def partial(self, html: str) -> None:
        """Show a reply that belongs to what is chosen and is still growing."""
        self.put(html, is_whole=False)

    def put(self, html: str, is_whole: bool) -> None:
        """Show a reply that belongs to what is chosen."""
        self.html, self.is_whole = html, is_whole
        self.remove_class("old")
        self.tell("")

    def is_old(self) -> bool:
        """Whether the reply is marked as not belonging to what is chosen."""
        return "old" in self._dom_classes

    def grey(self) -> None:
        """Grey the reply, if there is one: something else is chosen now."""
        if self.html:
            self.add_class("old")
            self.tell(OLD)

    def stop(self) -> None:
        """Say that nothing more will come: of a growing reply that it has no end, of an older one that it is that."""
        if not self.is_old() and not self.is_whole:
            self.tell(STOPPED)

    def tell(self, note: str) -> None:
        """Show the reply below a note."""
        self.value = f'<p class="note">{escape(note) or "&nbsp;"}</p>{self.html}'
