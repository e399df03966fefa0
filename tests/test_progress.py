"""What a reader sees of long work: one line, updated in place."""

from pauselib.progress import Progress


def test_the_line_says_how_far_it_is_and_short_work_shows_none(shown, clock):
    progress = Progress("reply", 200)
    for clock[0], done in ((0.5, 20), (2.0, 50), (2.1, 60), (4.0, 100)):
        progress.update(done)
    assert [(kind, what["text/plain"]) for kind, what in shown] == [
        ("new", "reply 50 of 200 (25%), 2 s, 6 s to go"),
        ("update", "reply 100 of 200 (50%), 4 s, 4 s to go"),
    ]
