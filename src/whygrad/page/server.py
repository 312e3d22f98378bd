"""The page on this machine: static files on loopback, nothing else."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from whygrad.core.errors import UsageError

FIRST_PORT: Final = 8765
TRIED: Final = 20
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".zip": "application/zip",
    "": "application/octet-stream",
}
"""Said here: what a system's tables say of a suffix differs, and a browser compiles only application/wasm."""


class Handler(SimpleHTTPRequestHandler):
    """Files of one folder; no listings, no log."""

    protocol_version = "HTTP/1.1"
    extensions_map = TYPES  # pyright: ignore[reportAssignmentType]

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, directory=str(args[2].folder))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal is the reader's."""

    def list_directory(self, path: Any) -> None:
        """A folder without an index is not there."""
        self.send_error(404)

    def end_headers(self) -> None:
        """Add what a careful host says with every file."""
        versioned = self.path.startswith("/v-")
        self.send_header("Cache-Control", "max-age=31536000, immutable" if versioned else "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        super().end_headers()


def serve(
    page: Callable[[], Path],
    port: int | None = None,
    *,
    started: Callable[[str], None] = lambda _: None,
    until: Callable[[ThreadingHTTPServer], None] | None = None,
) -> None:
    """Serve a folder on loopback until interrupted.

    Parameters
    ----------
    page
        Gives the folder, built if need be; asked once a port is there.
    port
        0: any free one; None: 8765, or the next free one, so that the address mostly stays the same.
    started
        Told the address.
    until
        What runs instead of serving forever; for tests.

    Raises
    ------
    UsageError
        If the port is taken.
    """
    with _bound(port) as server:
        server.folder = page()
        started(f"http://127.0.0.1:{server.server_address[1]}/")
        if until is not None:
            until(server)
            return
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


class Server(ThreadingHTTPServer):
    """Threads end with the program; a port that another program holds is refused, not shared."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there it would share a port that is in use
    folder = Path()


def _bound(port: int | None) -> Server:
    for number in range(FIRST_PORT, FIRST_PORT + TRIED) if port is None else (port,):
        try:
            return Server(("127.0.0.1", number), Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    what = f"port {port}" if port is not None else f"each port from {FIRST_PORT} to {FIRST_PORT + TRIED - 1}"
    raise UsageError(
        "error/usage", f"{what} is in use, or not ours to use", fix="--port 0 takes any free one"
    )
