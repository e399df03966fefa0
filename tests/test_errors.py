"""An unknown name is refused with the nearest of those that are known."""

import pytest

from pauselib.errors import InputError, one_of


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("wrd", "strategy 'wrd' is not known: did you mean 'word'? Choose from random, word."),
        ("RANDOM", "strategy 'RANDOM' is not known: did you mean 'random'? Choose from random, word."),
        ("", "strategy '' is not known. Choose from random, word."),
    ],
)
def test_an_unknown_choice_is_refused_with_the_nearest_in_one_sentence_without_a_traceback(given, sentence):
    with pytest.raises(InputError) as error:
        one_of("strategy", given, ["random", "word"])
    assert str(error.value) == sentence
    assert error.value._render_traceback_() == [sentence]
    one_of("strategy", "word", ["random", "word"])
