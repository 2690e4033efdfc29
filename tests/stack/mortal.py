"""A process for the supervisor's tests: ready at once, dead when told, or as soon as it is born."""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/die":
            os._exit(7)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    if sys.argv[1:] == ["stillborn"]:
        sys.exit("a reason to read in the log")
    host, _, port = os.environ["LINLI_OPS_ADDRESS"].rpartition(":")
    HTTPServer((host, int(port)), _Handler).serve_forever()
