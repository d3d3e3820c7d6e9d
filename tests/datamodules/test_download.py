import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from datamodules.download import PageError, fetch

CONTENT = bytes(range(256)) * 400


class Handler(BaseHTTPRequestHandler):
    """Serves one file; what goes wrong is set on the server."""

    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        if self.server.status:
            self.send_error(self.server.status)
            return
        start = int(re.match(r"bytes=(\d+)-", asked)[1]) if asked and self.server.ranges else 0
        if self.headers.get("If-Range", self.server.tag) != self.server.tag:
            start = 0
        if start and start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if self.server.tag:
            self.send_header("ETag", self.server.tag)
        self.send_header("Content-Type", self.server.kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # A connection that is cut ends before all of it has come.
        self.wfile.write(body[: self.server.cuts.pop(0)] if self.server.cuts else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.cuts, server.status, server.tag = [], [], None, None
        server.ranges, server.kind = True, "application/octet-stream"
        server.url = f"http://127.0.0.1:{server.server_port}/zoo.tar.xz"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_file_comes_whole_into_a_new_folder(server, tmp_path):
    fetch(server.url, tmp_path / "new" / "zoo.tar.xz")
    assert files(tmp_path / "new") == {"zoo.tar.xz": CONTENT}


def test_a_cut_connection_is_continued(server, tmp_path):
    server.cuts = [30_000, 50_000]
    fetch(server.url, tmp_path / "zoo.tar.xz")
    assert files(tmp_path) == {"zoo.tar.xz": CONTENT}
    assert server.asked == [None, "bytes=30000-", "bytes=80000-"]


@pytest.mark.parametrize("tag", ['"old"', '"new"'])
def test_a_file_that_is_another_one_since_starts_again(server, tmp_path, tag):
    server.tag, server.cuts = '"old"', [30_000, 0]
    with pytest.raises(FileNotFoundError):
        fetch(server.url, tmp_path / "zoo.tar.xz")
    if tag != server.tag:
        (tmp_path / "zoo.tar.xz.part").write_bytes(b"x" * 30_000)  # of the old file
    server.tag = tag
    fetch(server.url, tmp_path / "zoo.tar.xz")
    assert files(tmp_path) == {"zoo.tar.xz": CONTENT}


def test_the_next_session_goes_on(server, tmp_path):
    (tmp_path / "zoo.tar.xz.part").write_bytes(CONTENT[:70_000])
    fetch(server.url, tmp_path / "zoo.tar.xz")
    assert files(tmp_path) == {"zoo.tar.xz": CONTENT} and server.asked == ["bytes=70000-"]


def test_a_download_that_was_stopped_at_its_end_is_whole(server, tmp_path):
    (tmp_path / "zoo.tar.xz.part").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "zoo.tar.xz")
    assert files(tmp_path) == {"zoo.tar.xz": CONTENT}


def test_the_rest_of_a_longer_file_is_thrown_away(server, tmp_path):
    (tmp_path / "zoo.tar.xz.part").write_bytes(bytes(200_000))
    fetch(server.url, tmp_path / "zoo.tar.xz")
    assert files(tmp_path) == {"zoo.tar.xz": CONTENT}


def test_a_server_that_cannot_continue_starts_again(server, tmp_path):
    server.ranges = False
    (tmp_path / "zoo.tar.xz.part").write_bytes(bytes(70_000))
    fetch(server.url, tmp_path / "zoo.tar.xz")
    assert files(tmp_path) == {"zoo.tar.xz": CONTENT}


def test_a_connection_that_brings_nothing_more_is_given_up_and_kept(server, tmp_path):
    server.cuts = [30_000, 0]
    with pytest.raises(FileNotFoundError, match="cannot be downloaded .the connection was cut"):
        fetch(server.url, tmp_path / "zoo.tar.xz")
    assert files(tmp_path) == {"zoo.tar.xz.part": CONTENT[:30_000]}


@pytest.mark.parametrize(("status", "error"), [(404, FileNotFoundError), (403, PageError)])
def test_refusals_are_one_clear_line(server, tmp_path, status, error):
    server.status = status
    with pytest.raises(error, match=str(status)) as raised:
        fetch(server.url, tmp_path / "zoo.tar.xz")
    assert "\n" not in str(raised.value) and files(tmp_path) == {}


def test_a_page_is_no_file(server, tmp_path):
    server.kind = "text/html; charset=utf-8"
    with pytest.raises(PageError, match="shows a page, not a file"):
        fetch(server.url, tmp_path / "zoo.tar.xz")
    assert files(tmp_path) == {}


def test_a_checksum_decides(server, tmp_path):
    good = hashlib.sha256(CONTENT).hexdigest()
    fetch(server.url, tmp_path / "good", checksum=("sha256", good))
    with pytest.raises(ValueError, match=f"SHA256 {good}, expected 0{{64}}"):
        fetch(server.url, tmp_path / "bad", checksum=("sha256", "0" * 64))
    assert list(files(tmp_path)) == ["good"]


def test_nobody_there_is_one_clear_line(server, tmp_path):
    server.shutdown()
    server.server_close()
    with pytest.raises(FileNotFoundError, match="cannot be downloaded"):
        fetch(server.url, tmp_path / "zoo.tar.xz")
