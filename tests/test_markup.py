"""HTML of replies and tables, written out."""

import math

import pandas as pd

from pauselib.report.html import MARK, as_text, pieces, reply_html, table_html


def test_a_reply_is_text_with_its_pauses_marked_in_place():
    html = reply_html(["<b>", "<|pause|>", " 1\n"])
    assert "&lt;b&gt;<span" in html
    assert html.count('aria-label="pause"') == 1
    assert f">{MARK}</span> 1\n</div>" in html


def test_tokens_are_shaded_by_their_values_which_their_tooltips_tell():
    html = reply_html(["a", '"', "<|pause|>"], [0.0, 1.0, 0.25], 'p "')
    assert 'title="p &quot; 0.000" style="background:rgba(0,114,178,0.000)">a<' in html
    assert 'rgba(0,114,178,0.550)">&quot;<' in html
    assert 'title="pause; p &quot; 0.250"' in html


def test_a_stored_reply_is_cut_at_its_pauses():
    assert pieces("<|pause|><|pause|>a<|pause|>b") == ["<|pause|>", "<|pause|>", "a", "<|pause|>", "b"]
    assert pieces("") == []


def test_numbers_are_rounded_for_reading():
    assert as_text(pd.Series([500.0, None, 1000.0])) == ["500", "–", "1,000"]
    assert as_text(pd.Series([0.12345, -0.5, 12.34, 0.00012, math.inf])) == ["0.123", "-0.500", "12.3", "0.00012", "∞"]
    assert as_text(pd.Series([1e-19, 0.25])) == ["0.000", "0.250"]
    assert as_text(pd.Series([1e-19, 0.25], name="p_holm")) == ["<0.001", "0.250"]
    assert as_text(pd.Series([True, False])) == ["yes", "no"]
    assert as_text(pd.Series(["a", None])) == ["a", "–"]


def test_a_table_s_cells_are_escaped_and_keep_their_exact_numbers():
    html = table_html(pd.DataFrame({"what_it_is": ["<i>"], "n": [0.12345]}), "a & b")
    assert html == (
        '<table><caption>a &amp; b</caption><thead><tr><th scope="col">what it is</th><th scope="col" class="number">n</th></tr></thead>'
        '<tbody><tr><td>&lt;i&gt;</td><td class="number" data-value="0.12345">0.123</td></tr></tbody></table>'
    )
