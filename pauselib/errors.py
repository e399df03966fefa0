"""What the user gave and can mend."""


class InputError(ValueError):
    """Bad input, in one sentence: what is wrong, where, and the cure. A notebook shows that sentence and no traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows for this exception."""
        return [str(self)]
