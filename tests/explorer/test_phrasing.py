"""How far a question is from those that were trained on, by hand."""

from pauselib.explorer.phrasing import Phrasing, pairs


def test_the_pairs_of_a_question_are_of_neighbouring_words_whatever_the_number_and_the_case():
    assert pairs("Ada has 7.") == pairs("ADA HAS 1,234.5.") == {("ada", "has"), ("has", "#"), ("#", ".")}
    assert pairs("Why") == frozenset()


def test_a_question_with_more_new_pairs_than_any_validation_question_gets_a_hint():
    phrasing = Phrasing(["Ada has 7 plums .", "Why has Ben 2 plums ?"], ["Ada has 12 plums ?", "Ada has Ben 2 ?"])
    assert phrasing.least == 0.75  # of the second one, # ? is new
    assert phrasing.hint("Ada has 5 plums .") == ""
    assert phrasing.hint("Why Ada has 5 plums .") == ""  # why ada is new, 4 of 5 are known
    words = "3 of its 3 pairs of neighbouring words are in no training question: the model may not understand it."
    assert phrasing.hint("Is it blue ?") == words


def test_examples_are_short_and_not_alike():
    training = ["Ada has 7 plums .", "Ada has 3 plums .", "Ben buys a box of 9 pens .", "Ada has 10 plums . How many ?"]
    assert Phrasing(training, []).examples() == ["Ada has 7 plums .", "Ben buys a box of 9 pens ."]


def test_without_training_questions_there_is_nothing_to_say():
    assert Phrasing([], []).hint("Is it blue?") == ""
    assert Phrasing([], []).examples() == []
