"""The page in a headless browser, without network; skipped where no browser is at hand."""

import shutil
import subprocess

import pytest

from benchmarks.many_results import write_many
from reporting.report import report

CHROMIUM = next(
    (path for name in ("chromium", "google-chrome", "chrome") if (path := shutil.which(name))), None
)
# Everything that is not in the page itself.
OFFLINE = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    write_many(folder / "runs", 24)
    report([str(folder / "runs")], folder / "report")
    return folder / "report" / "index.html"


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")
def test_chromium_shows_it_without_a_word_on_its_console(page, tmp_path):
    options = ("--headless", "--no-sandbox", "--disable-gpu", *OFFLINE)
    logs = ("--enable-logging=stderr", f"--user-data-dir={tmp_path}", "--dump-dom")
    command = [CHROMIUM, *options, *logs, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr
    assert done.stdout.count("<table>") == page.read_text(encoding="utf-8").count("<table>") > 3


@pytest.mark.slow
def test_playwright_sees_images_and_tables_and_no_request(page):
    sync = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    errors, requests = [], []
    with sync.sync_playwright() as engine:
        try:
            browser = engine.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", *OFFLINE]
            )
        except sync.Error as error:
            pytest.skip(f"playwright has no browser: {error.message.splitlines()[0]}")
        tab = browser.new_page()
        tab.on("console", lambda message: errors.append(message.text))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(page.as_uri())
        widths = tab.eval_on_selector_all("img", "all => all.map(i => i.naturalWidth)")
        overflow = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        browser.close()
    assert errors == []
    assert all(url.startswith(("file:", "data:")) for url in requests)
    assert len(widths) > 3 and all(width > 100 for width in widths)
    assert overflow <= 0
