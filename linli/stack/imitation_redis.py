"""A process that answers like Redis, for machines where no wheel and no package brings a real one."""

from __future__ import annotations

import sys


def main(port: int) -> None:
    from fakeredis import TcpFakeServer

    TcpFakeServer(("127.0.0.1", port), server_type="redis").serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
