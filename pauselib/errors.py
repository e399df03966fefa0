"""What the user can mend: one sentence that says what is wrong, where, and the cure."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input, in one sentence: what is wrong, where, and the cure. A notebook shows it and no traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows for this exception."""
        return [str(self)]


def did_you_mean(name: object, choices: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: the choice that is spelled most like it, or a full stop."""
    spelled = {choice.lower(): choice for choice in choices}
    nearest = difflib.get_close_matches(str(name).lower(), list(spelled), n=1, cutoff=0)[0]
    return f": did you mean '{spelled[nearest]}'?" if name != "" else "."


def not_one_of(setting: str, value: object, choices: Iterable[str]) -> str:
    """Return the sentence about a value that is none of the choices, with the nearest of them."""
    choices = tuple(choices)
    return f"{setting} {value!r} is not known{did_you_mean(value, choices)} Choose from {', '.join(choices)}."


def one_of(setting: str, value: object, choices: Iterable[str]) -> None:
    """Raise InputError, with the nearest choice, unless `value` is one of `choices`."""
    if value not in choices:
        raise InputError(not_one_of(setting, value, choices))
