"""What the tests read off the panels, and how they choose."""

from pauselib.explorer.replies import read_stored_replies

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def pauses(html: str) -> int:
    """How many pauses are marked."""
    return html.count('aria-label="pause"')


def settle(panel) -> str:
    """Wait for the work of an AskPanel; return what its status says then."""
    if panel.work.thread:
        panel.work.thread.join(600)
    return panel.status.value


def told(panel, pane: int = 0) -> str:
    """The finished reply in a pane of an AskPanel."""
    assert settle(panel) == "Finished."
    assert not panel.panes[pane].is_old()
    return panel.panes[pane].value


def first(settings) -> dict:
    """The first stored reply."""
    return read_stored_replies(settings.variant_folder())[0]


def choose(widget, label: str) -> None:
    """Choose the option of a widget that has this label."""
    labels = [option if isinstance(option, str) else option[0] for option in widget.options]
    widget.index = labels.index(label)
