"""Quotes asked for at a fixed rate, whatever the server does, and how each was answered.

wrk sends a request when the one before was answered: a server that stands still is asked less, and
how long callers would have waited is not seen. Here a request that finds no free connection waits
for one, and its time runs.
"""

import asyncio
import gc
import json
import random
import re
from array import array
from collections import deque
from dataclasses import dataclass
from itertools import cycle
from time import perf_counter

import httptools
import numpy as np

CONNECTIONS = 64
TICK_S = 0.001  # between sends; what fell due meanwhile is sent at once
LATE_S = 0.005  # what a tick is late beyond that is no fault of the server's
PATIENCE_S = 10.0  # for answers when the load has ended
RECONNECT_S = 0.1
BODIES = 2_000
VERSION = re.compile(rb'"model_version":"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests that are over, in that order.

    Attributes:
        start: (n,) when each fell due, seconds of `time.perf_counter`.
        sent: (n,) when it was sent: later where no connection was free.
        end: (n,) when it was answered or given up.
        status: (n,) of HTTP; 0 without an answer.
        version: (n,) place in `versions` of the model that answered; -1 where none is named.
        versions: model versions, by first answer.
    """

    start: np.ndarray
    sent: np.ndarray
    end: np.ndarray
    status: np.ndarray
    version: np.ndarray
    versions: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start)

    def between(self, start: float, end: float) -> "Asked":
        """Those that fell due in a while."""
        kept = (self.start >= start) & (self.start < end)
        columns = (self.start, self.sent, self.end, self.status, self.version)
        return Asked(*(column[kept] for column in columns), self.versions)

    def answered_by(self, version: str) -> np.ndarray:
        """(n,) whether this model answered."""
        known = self.versions.index(version) if version in self.versions else len(self.versions)
        return self.version == known

    def failed(self) -> int:
        """How many were answered with anything but 200 and a model's version, or not at all."""
        return int(np.count_nonzero((self.status != 200) | (self.version < 0)))

    def ms(self, percent: float) -> float:
        """Percentile of the time from due to over, ms; NaN where there are none."""
        return float(np.percentile(self.end - self.start, percent) * 1e3) if len(self) else np.nan


class OpenLoop:
    """A load on a service of this machine, bounded in time and so in requests.

    Attributes:
        version: the model's that answered last.
        lost: connections that broke.
        late: (when, seconds) of each tick that came late.
    """

    def __init__(self, port: int, rate: float) -> None:
        """Ask for `rate` quotes a second; nothing is sent yet."""
        self.version, self.lost = "", 0
        self.late: list[tuple[float, float]] = []
        self._port, self._rate = port, rate
        self._requests = cycle(_requests(port))
        self._due: deque[float] = deque()  # since when each waits for a connection
        self._idle: deque[_Connection] = deque()  # used in turn: servers close those long idle
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task] = set()
        self._count = 0
        self._stopped = False
        self._times = array("d"), array("d"), array("d")
        self._status, self._version = array("h"), array("h")
        self._versions: dict[str, int] = {}

    async def run(self, seconds: float) -> None:
        """Ask for so many seconds or until `stop`, then await the answers."""
        await asyncio.gather(*(self._connect() for _ in range(CONNECTIONS)))
        gc.collect()
        gc.freeze()  # else what was imported is looked through while answers wait to be read
        began = perf_counter()
        while not self._stopped and (now := perf_counter()) < began + seconds:
            self._keep_up(began, now)
            await asyncio.sleep(TICK_S)
        patient = perf_counter() + PATIENCE_S
        while len(self._status) < self._count and perf_counter() < patient:
            await asyncio.sleep(TICK_S)
        self._stopped = True
        for connection in list(self._connections):
            connection.close()
        await asyncio.sleep(2 * RECONNECT_S)
        while self._due:
            self.over(self._due.popleft(), perf_counter(), 0, b"")

    def stop(self) -> None:
        """Ask no more."""
        self._stopped = True

    def asked(self) -> Asked:
        """What became of the requests so far."""
        times = (np.array(column) for column in self._times)
        return Asked(*times, np.array(self._status), np.array(self._version), tuple(self._versions))

    def free(self, connection: "_Connection") -> None:
        """A connection may be used."""
        self._connections.add(connection)
        self._idle.append(connection)
        self._send()

    def over(self, start: float, sent: float, status: int, body: bytes) -> None:
        """A request is over."""
        for column, value in zip(self._times, (start, sent, perf_counter()), strict=True):
            column.append(value)
        found = VERSION.search(body)
        if found:
            self.version = found[1].decode()
            self._versions.setdefault(self.version, len(self._versions))
        self._status.append(status)
        self._version.append(self._versions[self.version] if found else -1)

    def lose(self, connection: "_Connection") -> None:
        """A connection is gone: make another one."""
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._stopped:
            self.lost += 1
            task = asyncio.get_running_loop().create_task(self._reconnect())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _keep_up(self, began: float, now: float) -> None:
        """Take what has fallen due since the last tick."""
        due = int((now - began) * self._rate) - self._count
        if due and (late := now - began - (self._count + 1) / self._rate) > LATE_S:
            self.late.append((now, late))
        self._count += due
        self._due.extend([now] * due)
        self._send()

    def _send(self) -> None:
        while self._due and self._idle:
            self._idle.popleft().ask(self._due.popleft(), next(self._requests))

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)

    async def _reconnect(self) -> None:
        while not self._stopped:
            try:
                return await self._connect()
            except OSError:
                await asyncio.sleep(RECONNECT_S)


class _Connection(asyncio.Protocol):
    """Has one request under way at most; httptools calls its `on_…` methods."""

    def __init__(self, load: OpenLoop) -> None:
        self._load = load
        self._times: tuple[float, float] | None = None  # due and sent, of the request under way
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpResponseParser(self)
        self._load.free(self)

    def ask(self, due: float, request: bytes) -> None:
        self._times, self._body = (due, perf_counter()), b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        times, self._times = self._times, None
        if times:
            self._load.over(*times, self._parser.get_status_code(), self._body)
        if self._parser.should_keep_alive():
            self._load.free(self)

    def close(self) -> None:
        self._transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        times, self._times = self._times, None
        if times:
            self._load.over(*times, 0, b"")
        self._load.lose(self)


def _requests(port: int) -> list[bytes]:
    """Requests for random rides, as bytes."""
    some = random.Random(7)
    return [_request(port, some) for _ in range(BODIES)]


def _request(port: int, some: random.Random) -> bytes:
    day, hour, minute = some.randint(1, 28), some.randint(4, 23), some.randint(0, 59)
    body = json.dumps(
        {
            "pickup_zone": some.randint(1, 263),
            "dropoff_zone": some.randint(1, 263),
            "pickup_at": f"2025-03-{day:02d}T{hour:02d}:{minute:02d}",
            "passengers": some.randint(1, 6),
        }
    )
    return (
        f"POST /v1/quotes HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
