"""A picture that grows in place while a notebook's cell runs."""

import time
from collections.abc import Callable

from pauselib import progress
from pauselib.figures.style import image

SHARE = 0.05  # of the time that redrawing a picture may take


class LivePicture:
    """A picture that is drawn again in place as its data grow, as often as takes a twentieth of the time.

    Outside a notebook nothing is drawn. One that can't be drawn is given up, with one line that says so.
    """

    def __init__(self, draw: Callable):
        self.draw, self.handle, self.given_up = draw, None, False
        self.next = 0.0  # no drawing before this time, in seconds of time.monotonic

    def update(self, data, last: bool = False) -> None:
        """Draw the picture of `data` if it is time to; with `last` in any case."""
        from IPython.display import display

        started = time.monotonic()
        if self.given_up or not progress.in_notebook() or (started < self.next and not last):
            return
        try:
            picture = image(self.draw(data))
            if self.handle is None:
                self.handle = display(picture, display_id=True)
            else:
                self.handle.update(picture)
        except Exception as error:
            self.given_up = True
            print(f"The picture can't be drawn ({type(error).__name__}: {error}); all else goes on without it.")
        ended = time.monotonic()
        self.next = ended + (ended - started) / SHARE
