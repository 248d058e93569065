"""A hub on this machine: serves a folder as one repository, with ranges, hashes and failures."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from omnipersona.model.bagel.checkpoint.published import REPOSITORY, REVISION


class Hub(ThreadingHTTPServer):
    """The hub; `cut_after` ends an answer after so many bytes, and every later one with 500."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.revision = REVISION
        self.cut_after: int | None = None
        self.is_down = False
        self.wrong_hash = False
        self.requests: list[tuple[str, str, str | None]] = []
        self.tokens: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, *, with_body: bool) -> None:
        hub, prefix = self.server, f"/{REPOSITORY}/resolve/{self.server.revision}/"
        name = self.path.removeprefix(prefix)
        wanted = self.headers.get("Range")
        hub.requests.append((self.command, name, wanted))
        hub.tokens += [self.headers["Authorization"]] if self.headers["Authorization"] else []
        path = hub.folder / name
        if hub.is_down:
            self._refuse(500, None)
        elif not self.path.startswith(prefix):
            self._refuse(404, "RevisionNotFound")
        elif "/" in name or not path.is_file():
            self._refuse(404, "EntryNotFound")
        else:
            self._send(path.read_bytes(), wanted, with_body=with_body)

    def _refuse(self, status: int, code: str | None) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, data: bytes, wanted: str | None, *, with_body: bool) -> None:
        hub = self.server
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        digest = hashlib.sha256(b"other" if hub.wrong_hash else data).hexdigest()
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", f'"{digest}"')
        self.send_header("X-Repo-Commit", REVISION)
        self.end_headers()
        if not with_body:
            return
        body = data[start:]
        if hub.cut_after is not None and len(body) > hub.cut_after:
            body, hub.is_down = body[: hub.cut_after], True
        self.wfile.write(body)


@contextmanager
def served(folder: Path) -> Iterator[Hub]:
    """Serve a folder while the block runs."""
    hub = Hub(folder)
    thread = threading.Thread(target=hub.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        thread.join()
        hub.server_close()
