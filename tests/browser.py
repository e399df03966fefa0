"""A headless Chromium and a JupyterLab, for tests that do what a reader does: `pytest_plugins = ["browser"]`."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
PATIENCE = 600  # seconds that anything may take on a slow machine
TOKEN = "only-for-tests"
FLAGS = (
    "--no-browser",
    "--allow-root",
    "--expose-app-in-browser",  # as window.jupyterapp
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",  # any free one
    "--ServerApp.shutdown_no_activity_timeout=900",  # should nobody be left to stop it
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
KERNEL = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
HERE = ("http://127.0.0.1:", "ws://127.0.0.1:", "file:", "data:", "blob:", "about:")


def missing(sentence: str):
    """Skip, or fail where CI_REQUIRE_BROWSER=1."""
    if os.environ.get("CI_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{sentence}, and CI_REQUIRE_BROWSER=1 requires it.", pytrace=False)
    pytest.skip(f"{sentence}, so nothing is tested in a browser.")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of this machine's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    return path or missing("There is no `chromium` on the PATH (Debian: `apt-get install chromium`)")


@pytest.fixture(scope="module")
def browser(chromium):
    """Headless Chromium that reaches nothing but this machine; while it is open, no other test can use asyncio."""
    if not find_spec("playwright"):
        missing("There is no `playwright` here (`pip install playwright`)")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments, timeout=PATIENCE * 1000)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """An empty tab with its own cookies, large enough to show a notebook."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(PATIENCE * 1000)
    yield context.new_page()
    context.close()


class Watch:
    """From now on: `errors`, what a page complains of, and `outside`, what it asks of other hosts."""

    def __init__(self, page):
        self.errors, self.outside = [], []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        for kind in ("request", "websocket"):
            page.on(kind, lambda one: None if one.url.startswith(HERE) else self.outside.append(one.url))


@pytest.fixture
def document(page):
    """document(path): that file, open by file:// with the network off, as `page`, with a `watch` over it."""

    def open_file(path: Path) -> SimpleNamespace:
        watch = Watch(page)
        page.context.set_offline(True)
        page.goto(path.resolve().as_uri())
        return SimpleNamespace(page=page, watch=watch)

    return open_file


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory):
    """The folder and the address of a JupyterLab with its own settings, which the tests of a session share."""
    folder = tmp_path_factory.mktemp("lab")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_"))}
    places = {f"JUPYTER_{name.upper()}_DIR": str(folder / name) for name in ("config", "data", "runtime")}
    environment |= {**places, "IPYTHONDIR": str(folder / "ipython"), "JUPYTER_TOKEN": TOKEN}
    command = [Path(sys.executable).parent / "jupyter", "lab", *FLAGS, f"--ServerApp.root_dir={folder}"]
    log = (folder / "log").open("w")
    with log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
        try:
            yield SimpleNamespace(folder=folder, address=address_of(folder, process))
        finally:
            process.terminate()  # its kernels, too


def address_of(folder: Path, process: subprocess.Popen) -> str:
    """Wait until a server says in its folder where it listens."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        for path in (folder / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # while it is being written
                return json.loads(path.read_text())["url"]
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{(folder / 'log').read_text()}", pytrace=False)


@pytest.fixture
def notebook(page, lab):
    """notebook(name, **parameters): a copy of that notebook with parameters as papermill gives them, run in JupyterLab.

    It has the `page`, a `watch` over it, and output(n): what is shown below the n-th code cell, as a locator.
    """

    def run_copy(name: str, **parameters) -> SimpleNamespace:
        given = parameterize_notebook(load_notebook_node(str(NOTEBOOKS / name)), parameters)
        nbformat.write(given, lab.folder / name)
        watch = Watch(page)
        page.goto(f"{lab.address}doc/tree/{name}?token={TOKEN}")
        page.wait_for_function(f"{KERNEL}?.status === 'idle'")
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        outputs = page.locator(".jp-CodeCell .jp-Cell-outputWrapper")
        return SimpleNamespace(page=page, watch=watch, output=outputs.nth)

    yield run_copy
    page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")
