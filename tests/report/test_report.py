"""The report as its reader has it: a file in a real browser with the network off, on a screen, a phone and paper."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest
from conftest import ROOT, SCRIPT, pictures_of_report

from pauselib.analysis.study import Study
from pauselib.report import document as report

pytest_plugins = ["browser"]
HEADINGS = [
    "The published takeaways, and whether pauses help",
    "The table",
    "Accuracy, and what is a difference",
    "Pauses and correctness",
    "Why replies pause",
    "Do pauses help?",
]


@pytest.fixture
def page_of_report(document, intervened):
    """The report of three finished rows, open."""
    return document(report.write_report(Study(intervened)))


def test_it_opens_without_a_network_complaints_or_questions_to_other_hosts(page_of_report):
    page = page_of_report.page
    assert page.get_by_role("heading", level=2).all_text_contents()[:6] == HEADINGS
    labels = page.locator("svg").evaluate_all("pictures => pictures.map(one => one.getAttribute('aria-label'))")
    assert len(labels) == pictures_of_report(n_variants=3)
    assert all(labels)
    assert (page_of_report.watch.errors, page_of_report.watch.outside) == ([], [])


def test_the_table_is_sorted_by_a_heading_up_and_down_by_mouse_and_keyboard(page_of_report):
    names = ["sft", "sft_peft", "sft_fr_phead", "baseline_1_epoch"]
    main = page_of_report.page.locator("#main table")
    n = 1  # the second table, after that of the takeaways
    assert page_of_report.column("Variant", n) == names
    page_of_report.click_header("Eval loss", n)
    assert page_of_report.column("Eval loss", n) == ["0.1000", "0.2500", "0.5000", "–"]
    assert page_of_report.column("Variant", n) == ["baseline_1_epoch", "sft_peft", "sft", "sft_fr_phead"]
    main.get_by_role("button", name="Eval loss").press("Enter")
    assert page_of_report.column("Eval loss", n) == ["0.5000", "0.2500", "0.1000", "–"]
    assert main.locator("th[aria-sort]").all_text_contents() == ["Eval loss"]
    main.get_by_role("button", name="Variant").press("Space")
    assert page_of_report.column("Variant", n) == sorted(names)


def test_what_a_problem_or_a_reply_says_is_shown_and_not_run(page_of_report):
    page = page_of_report.page
    page.locator("#sft summary").click()
    assert page.locator("#sft").get_by_text(SCRIPT).first.is_visible()
    assert page.locator("#sft [aria-label=pause]").count() == 1 + 2 + 9
    assert page_of_report.watch.errors == []


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_is_wider_than_the_screen(page_of_report, width):
    page_of_report.page.set_viewport_size({"width": width, "height": 800})
    assert page_of_report.page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_every_variant_is_open(page_of_report):
    page = page_of_report.page
    assert page.locator("#sft .reply").first.is_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#sft .reply").first.is_visible()
    assert page.pdf()[:4] == b"%PDF"


CUT = """() => {
    document.querySelectorAll("details").forEach(part => part.open = true);
    const parts = [...document.querySelectorAll(".wide, .picture, pre")].filter(part => part.clientWidth);
    const reach = part => Math.max(part.scrollWidth - part.clientWidth,
        part.getBoundingClientRect().right - document.documentElement.clientWidth);
    return parts.filter(part => reach(part) > 0).map(part => part.ariaLabel ?? part.id);
}"""
"""What is wider than its place, or reaches beyond the page on the right."""
SHORT, LONG = 703, 1031  # pixels between the margins of A4: 210 and 297 mm less 24 mm, at 96 pixels an inch
UPRIGHT, ACROSS = (595, 842), (842, 595)  # A4 in points


@pytest.mark.parametrize(("columns", "paper", "pages"), [("main", SHORT, {UPRIGHT}), ("all", LONG, {UPRIGHT, ACROSS})])
def test_no_table_or_picture_is_cut_on_paper_and_only_wide_tables_lie_across(page_of_report, columns, paper, pages):
    page = page_of_report.page
    if columns == "all":
        page.locator(".all-columns").evaluate_all("boxes => boxes.forEach(box => box.click())")
    page.set_viewport_size({"width": paper, "height": 800})
    page.emulate_media(media="print")
    assert page.evaluate(CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= paper
    words = "Replies" if columns == "all" else "Pauses per reply"
    last = page.locator("#main").get_by_role("columnheader", name=words, exact=True)
    assert 0 < last.bounding_box()["x"] <= paper - last.bounding_box()["width"]
    assert page.locator(".tools").first.is_hidden()
    sizes = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)", page.pdf(prefer_css_page_size=True))
    assert {(round(float(wide)), round(float(high))) for wide, high in sizes} == pages
    heights = page.locator(".picture svg").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert max(heights) < LONG


@pytest.mark.parametrize("width", [390, 1280])
def test_the_main_columns_fit_the_screen(page_of_report, width):
    page_of_report.page.set_viewport_size({"width": width, "height": 800})
    assert page_of_report.page.evaluate(CUT) == []


def test_all_columns_are_one_click_away(page_of_report):
    main = page_of_report.page.locator("#main")
    assert main.get_by_role("columnheader", name="LM head").is_hidden()
    main.get_by_label("All 15 columns").check()
    assert main.get_by_role("columnheader", name="LM head").is_visible()


def test_a_table_is_copied_as_csv_latex_and_markdown(page_of_report):
    page = page_of_report.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    part, copied = page.locator("#table-interventions"), {}
    for kind in ("CSV", "LaTeX", "Markdown"):
        button = part.get_by_role("button", name=kind)
        button.click()
        button.wait_for(state="hidden")  # for a moment it says that it is done
        copied[kind] = page.evaluate("navigator.clipboard.readText()")
    assert copied["CSV"].startswith("variant,intervention,allowed,n,accuracy,accuracy_low,accuracy_high,difference,")
    assert "sft & no pauses of its own & 1.000 & 0.333 &" in copied["LaTeX"]
    assert copied["Markdown"].startswith("| Variant ")


def test_a_picture_is_saved_as_svg_and_png(page_of_report):
    page, saved = page_of_report.page, {}
    part = page.locator("#picture-accuracies")
    for kind in ("SVG", "PNG"):
        with page.expect_download() as download:
            part.get_by_role("button", name=kind).click()
        assert download.value.suggested_filename == f"accuracies.{kind.lower()}"
        saved[kind] = download.value.path()
    assert ElementTree.parse(saved["SVG"]).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert plt.imread(saved["PNG"], format="png").std() > 0.02  # more than an empty picture


def test_a_report_without_the_files_beside_it_says_what_is_not_included(document, intervened, tmp_path):
    path = tmp_path / "sent.html"
    path.write_text(report.write_report(Study(intervened)).read_text())
    page = document(path).page
    page.get_by_text("You have the report alone.").wait_for()
    assert page.locator("#files").get_by_text("predictions.jsonl (not included)").first.is_visible()
    assert page.locator("a.beside").count() == 0


def test_with_the_files_beside_it_their_links_work(page_of_report):
    page = page_of_report.page
    assert page.locator("#alone").is_hidden()
    links = page.locator("a.beside").evaluate_all("links => links.map(link => link.href)")
    assert len(links) > 15
    assert [link for link in links if not Path(unquote(urlsplit(link).path)).exists()] == []


LOWEST_CONTRAST = """() => {
    const rgb = text => text.match(/[\\d.]+/g).map(Number);
    const linear = v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const luminance = colour => {
        const [r, g, b] = colour.slice(0, 3).map(v => linear(v / 255));
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const ground = element => {
        for (; element; element = element.parentElement) {
            const colour = rgb(getComputedStyle(element).backgroundColor);
            if (colour.length < 4 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    document.querySelectorAll("details").forEach(part => part.open = true);
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const ratios = [];
    while (walk.nextNode()) {
        const text = walk.currentNode.textContent.trim();
        const parent = walk.currentNode.parentElement;
        if (!text || parent.closest("svg, script, style")) continue;
        const pair = [luminance(rgb(getComputedStyle(parent).color)), luminance(ground(parent))];
        const [light, dark] = pair.sort((x, y) => y - x);
        ratios.push([(light + .05) / (dark + .05), text.slice(0, 40)]);
    }
    return ratios.sort((x, y) => x[0] - y[0])[0];
}"""


def test_text_stands_out_from_its_ground(page_of_report):
    """WCAG 2.1's contrast ratio, 4.5 at least, of every visible text that has a plain ground."""
    ratio, text = page_of_report.page.evaluate(LOWEST_CONTRAST)
    assert ratio >= 4.5, text


def test_the_names_stay_in_view_when_the_table_is_scrolled_on_a_phone(page_of_report):
    page = page_of_report.page
    page.set_viewport_size({"width": 390, "height": 800})
    name = page.locator("#main tbody td:first-child").first
    at_first = name.bounding_box()["x"]
    page.locator("#main .wide").evaluate("part => part.scrollLeft = 300")
    assert name.bounding_box()["x"] == at_first


def test_a_picture_of_it_for_the_readme(document, intervened, tmp_path):
    """The top of the finished run's report, or of the one by hand, in the folder that PAUSELIB_SCREENSHOTS names."""
    made = ROOT / "runs" / "tiny" / "report.html"
    opened = document(made if made.exists() else report.write_report(Study(intervened)))
    path = Path(os.environ.get("PAUSELIB_SCREENSHOTS", tmp_path)) / "report.png"
    opened.page.screenshot(path=path)
    assert plt.imread(path).std() > 0.02  # more than an empty page
    assert (opened.watch.errors, opened.watch.outside) == ([], [])
