"""HTML of replies, written out."""

from pauselib.figures.reply_html import PAUSE_MARK, pieces, reply_html, show_reply


def test_a_reply_is_text_with_its_pauses_marked_in_place():
    html = reply_html(["<b>", "<|pause|>", " 1\n"])
    assert "&lt;b&gt;<span" in html
    assert html.count('aria-label="pause"') == 1
    assert f">{PAUSE_MARK}</span> 1\n</div>" in html


def test_tokens_are_shaded_by_their_values_which_their_tooltips_tell():
    html = reply_html(["a", '"', "<|pause|>"], [0.0, 1.0, 0.25], 'p "')
    assert 'title="p &quot; 0.000" style="background:rgba(0,114,178,0.000)">a<' in html
    assert 'rgba(0,114,178,0.550)">&quot;<' in html
    assert 'title="pause; p &quot; 0.250"' in html


def test_a_stored_reply_is_cut_at_its_pauses():
    assert pieces("<|pause|><|pause|>a<|pause|>b") == ["<|pause|>", "<|pause|>", "a", "<|pause|>", "b"]
    assert pieces("") == []


def test_a_reply_in_a_notebook_is_apart_from_its_question_and_its_dollars_are_no_formula(monkeypatch):
    shown = []
    monkeypatch.setattr("pauselib.figures.reply_html.display", lambda one: shown.append(one.data))
    show_reply("<i> has $5 and $3?", "<|pause|>$8", "gold 8")
    [html] = shown
    assert html.startswith('<div class="mathjax_ignore')
    asked, said = html.split("border-left")
    assert "&lt;i&gt; has $5 and $3?" in asked
    assert PAUSE_MARK not in asked
    assert f">{PAUSE_MARK}</span>$8</div>" in said
