"""Print what happens from now on:  python tail.py 'amqp://analyst:…@host:5672/%2f' [OrderPaid …]"""

from __future__ import annotations

import contextlib
import sys

from linli_events import EventsError, connect


def main(url: str, *types: str) -> None:
    with contextlib.suppress(KeyboardInterrupt), connect(url) as events:
        for event in events.read("next", types=types):
            print(event.offset, event.time.isoformat(), event.type, event.subject, event.data)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except EventsError as error:
        sys.exit(str(error))
