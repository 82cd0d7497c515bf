"""A network between a browser and the portal that can be slow, and that can go.

A browser's own switches for this leave out its service worker, or come too late for what it does as
it starts.
"""

import asyncio
import threading
import time
from urllib.parse import urlsplit

PIECE = 1400


class Link:
    """Forwards to `base` and counts what passes. Speeds in bytes a second, 0 for none in the way;
    a new connection takes once there and back."""

    def __init__(
        self, base: str, *, down: float = 0, up: float = 0, there_and_back: float = 0
    ) -> None:
        self.to = urlsplit(base)
        self.speeds = {"down": down, "up": up}
        self.there_and_back = there_and_back
        self.free = {"down": 0.0, "up": 0.0}  # when the air is free again
        self.down = self.up = 0
        self.last = 0.0
        self.is_up = True
        self.url = ""
        started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve(started)), daemon=True).start()
        started.wait()

    async def serve(self, started: threading.Event) -> None:
        server = await asyncio.start_server(self.connect, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        await server.serve_forever()

    async def connect(self, phone: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if not self.is_up:
            back.transport.abort()
            return
        await asyncio.sleep(self.there_and_back)
        portal, on = await asyncio.open_connection(self.to.hostname, self.to.port)
        await asyncio.gather(self.carry(phone, on, "up"), self.carry(portal, back, "down"))

    async def carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, way: str) -> None:
        try:
            while data := await source.read(PIECE):
                await asyncio.sleep(self.wait(len(data), way))
                if not self.is_up:
                    to.transport.abort()
                    return
                to.write(data)
                self.last = time.monotonic()
        except OSError:
            pass
        to.close()

    def wait(self, size: int, way: str) -> float:
        setattr(self, way, getattr(self, way) + size)
        speed, now = self.speeds[way], time.monotonic()
        if not speed:
            return 0
        self.free[way] = max(self.free[way], now) + size / speed
        return self.free[way] - now + self.there_and_back / 2
