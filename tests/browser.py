"""A headless Chromium and a JupyterLab, for tests that do what a reader does: `pytest_plugins = ["browser"]`."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
PATIENCE = 600  # seconds that anything may take on a slow machine
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
    """Headless Chromium that reaches nothing but this machine.

    Of module scope: while it is open, no other test can use asyncio.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("There is no `playwright` here (`pip install playwright`)")
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
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))

    def _asked(self, url: str):
        if not url.startswith(HERE):
            self.outside.append(url)


class Document:
    """A local HTML file on the `page`, and a `watch` over it."""

    def __init__(self, page, path: Path):
        self.page, self.watch = page, Watch(page)
        page.context.set_offline(True)
        page.goto(path.resolve().as_uri())


@pytest.fixture
def document(page):
    """document(path): that file, open by file:// with the network off."""
    return lambda path: Document(page, path)


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory):
    """A JupyterLab on copies of the project's notebooks, with its own settings."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()


class Lab:
    """A JupyterLab in a folder of its own: `root` has the notebooks, `address` is where it listens once started."""

    TOKEN = "only-for-tests"
    FLAGS = (
        "--no-browser",
        "--allow-root",
        "--expose-app-in-browser",  # as window.jupyterapp
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",  # any free one
        "--ServerApp.shutdown_no_activity_timeout=900",  # should nobody be left to stop it
        "--MappingKernelManager.cull_idle_timeout=900",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    )

    def __init__(self, folder: Path):
        self.folder, self.root, self.log, self.process = folder, folder / "root", folder / "log", None
        shutil.copytree(NOTEBOOKS, self.root, ignore=shutil.ignore_patterns(".*"))
        (folder / "config" / "labconfig").mkdir(parents=True)
        quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
        (folder / "config" / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(quiet))

    def start(self):
        """Start the server, and wait until it says where it listens."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_"))}
        places = {f"JUPYTER_{name.upper()}_DIR": str(self.folder / name) for name in ("config", "data", "runtime")}
        environment |= {**places, "IPYTHONDIR": str(self.folder / "ipython"), "JUPYTER_TOKEN": self.TOKEN}
        command = [Path(sys.executable).parent / "jupyter", "lab", *self.FLAGS, f"--ServerApp.root_dir={self.root}"]
        with self.log.open("w") as log:
            files = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self.process = subprocess.Popen(command, cwd=self.root, env=environment, start_new_session=True, **files)
        deadline = time.monotonic() + PATIENCE
        while not (address := self._address()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"JupyterLab did not start:\n{self.log.read_text()}", pytrace=False)
            time.sleep(0.1)
        self.address = address

    def _address(self) -> str | None:
        """Where the server says that it listens."""
        for path in (self.folder / "runtime").glob("jpserver-*.json"):
            try:
                return json.loads(path.read_text())["url"]
            except ValueError:  # it is still being written
                return None

    def stop(self):
        """End the server, and its kernels should it leave any."""
        if self.process is None or self.process.poll() is not None:
            return
        processes = [*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)]
        self.process.terminate()
        for process in psutil.wait_procs(processes, timeout=30)[1]:
            process.kill()

    def parameterize(self, name: str, **parameters):
        """Copy a notebook anew, with other parameters, as papermill gives them."""
        nbformat.write(parameterize_notebook(load_notebook_node(str(NOTEBOOKS / name)), parameters), self.root / name)


@pytest.fixture
def notebook(page, lab):
    """notebook(name): that notebook, open in JupyterLab."""
    yield lambda name: Notebook(page, lab, name)
    page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")


class Notebook:
    """A notebook open in JupyterLab, alone on the page."""

    SHOWN = "window.jupyterapp?.shell.currentWidget"
    STATUS = f"{SHOWN}?.sessionContext?.session?.kernel?.status"
    LISTEN = f"""() => {{
        window.complaints = [];
        {SHOWN}.sessionContext.iopubMessage.connect((_, {{header, content}}) => {{
            if (header.msg_type === "error") window.complaints.push(`${{content.ename}}: ${{content.evalue}}`);
            if (content.name === "stderr" && content.text.includes("Traceback")) window.complaints.push(content.text);
        }});
    }}"""
    ENDED = f"""() => {STATUS} === "idle" && (window.complaints.length || {SHOWN}.content.model.toJSON().cells.every(
        cell => cell.cell_type !== "code" || cell.execution_count))"""

    def __init__(self, page, lab: Lab, name: str):
        self.page, self.watch = page, Watch(page)
        page.goto(f"{lab.address}doc/tree/{name}?token={lab.TOKEN}")
        page.wait_for_function(f"{self.STATUS} === 'idle'")
        page.evaluate(self.LISTEN)

    def run_all(self):
        """Run > Run All Cells, until every cell has run or one has failed."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.page.wait_for_function(self.ENDED)

    def errors(self) -> list[str]:
        """What Python raised so far: in a cell, or below a widget, which JupyterLab shows nowhere."""
        self.page.wait_for_function(f"{self.STATUS} === 'idle'")
        return self.page.evaluate("window.complaints")

    def output(self, n: int):
        """What is shown below the n-th code cell, as a locator."""
        return self.page.locator(".jp-CodeCell").nth(n).locator(".jp-Cell-outputWrapper")

    def expect(self, locator):
        """Playwright's expectation of a locator, as patient as the rest."""
        from playwright.sync_api import expect

        expect.set_options(timeout=PATIENCE * 1000)
        return expect(locator)

    def wait_for(self, n: int, text: str):
        """Wait until the n-th code cell's output, its widgets' included, shows this text."""
        self.expect(self.output(n)).to_contain_text(text)

    def slider(self, label: str):
        """The handle of the slider with this label; `.press("ArrowRight")` moves it by a step."""
        return self.page.locator(".widget-slider", has_text=label).get_by_role("slider")
