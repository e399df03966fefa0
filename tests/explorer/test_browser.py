"""That the browser tests notice what they are for: errors in cells and below widgets, a table's order, other hosts."""

pytest_plugins = ["browser"]

SILENT = """
import ipywidgets as widgets
slider, label = widgets.IntSlider(3, description="Pauses"), widgets.Label("none")
def change(now):
    label.value = "changed"
    1 / 0
slider.observe(change, "value")
widgets.VBox([slider, label])
"""


def test_what_fails_in_a_cell_or_below_a_widget_is_noticed(notebook, lab):
    lab.add("fails.ipynb", SILENT, "1 / 0", "'not reached'")
    opened = notebook("fails.ipynb")
    opened.run_all()
    assert opened.errors() == ["ZeroDivisionError: division by zero"]
    assert opened.cells()[2]["execution_count"] is None
    opened.slider("Pauses").press("ArrowRight")
    opened.wait_for(0, "changed")
    assert opened.errors() == ["ZeroDivisionError: division by zero"] * 2


def test_a_table_is_sorted_by_its_header_and_read_from_top_to_bottom(document, tmp_path):
    turn = "() => body.append(...[...body.rows].reverse())"
    script = f"const body = document.querySelector('tbody'); document.querySelectorAll('th')[1].onclick = {turn}"
    rows = "<tr><th>a</th><td>1</td></tr><tr><th>b</th><td>2</td></tr>"
    (tmp_path / "page.html").write_text(
        f"<table><thead><tr><th>name<th>n</thead><tbody>{rows}</tbody></table><script>{script}</script>"
    )
    opened = document(tmp_path / "page.html")
    assert opened.column("n") == ["1", "2"]
    opened.click_header("n")
    assert opened.column("n") == ["2", "1"]
    assert opened.column("name") == ["b", "a"]


def test_what_a_page_asks_of_another_host_is_noticed(document, tmp_path):
    (tmp_path / "page.html").write_text(
        "<img src='https://example.org/a.png'><script>new WebSocket('wss://example.org/b'); missing()</script>"
    )
    watch = document(tmp_path / "page.html").watch
    assert watch.outside == ["https://example.org/a.png", "wss://example.org/b"]
    assert any("missing is not defined" in error for error in watch.errors)
