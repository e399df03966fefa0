"""What the user gave and can mend."""

import difflib


class InputError(ValueError):
    """Bad input, in one sentence: what is wrong, where, and the cure. A notebook shows that sentence and no traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows for this exception."""
        return [str(self)]


def one_of(name: str, value: str, choices: tuple) -> None:
    """Raise ValueError, with the nearest choice, unless `value` is one of them."""
    if value not in choices:
        nearest = difflib.get_close_matches(str(value), choices, n=1, cutoff=0)[0]
        raise InputError(f"{name} '{value}' is not known: did you mean '{nearest}'? Choose from {', '.join(choices)}.")
