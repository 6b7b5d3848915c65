"""Records on their way to the log: bounded, oldest dropped first, every one accounted for."""

from collections import deque
from collections.abc import Sequence
from threading import Lock

from serving.log_records import Encoded, Piece, Record


class LogQueue:
    """Where request handlers put records and the writer takes them from.

    Records wait twice: as they came, and, encoded, until their batch is written. What comes
    encoded, the quotes of a batch, waits once. Putting a record takes no lock as long as there is
    room; the lock is never held over anything that waits.

    Attributes:
        dropped: records lost because there was no room for them.
    """

    def __init__(self, capacity: int) -> None:
        """Hold so many records at most, whatever state they are in."""
        self.dropped = 0
        self._capacity = capacity
        self._new: deque[Record] = deque()
        self._encoded: deque[Piece] = deque()
        self._held = 0  # not in `_new` any more, and neither written nor dropped yet
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._new) + self._held

    def put(self, record: Record) -> None:
        """Take a record; the oldest makes room for it where there is none."""
        self._new.append(record)
        if len(self._new) + self._held > self._capacity:
            self._make_room()

    def put_pieces(self, pieces: Sequence[Piece]) -> None:
        """Take records that are encoded already."""
        with self._lock:
            self._encoded.extend(pieces)
            self._held += sum(map(len, pieces))
        if len(self) > self._capacity:
            self._make_room()

    def take_new(self, most: int) -> list[Record]:
        """The oldest records that have not been encoded."""
        with self._lock:
            taken = [self._new.popleft() for _ in range(min(most, len(self._new)))]
            self._held += len(taken)
        return taken

    def keep(self, encoded: Encoded) -> None:
        """What became of those taken."""
        with self._lock:
            self._encoded.extend(encoded.pieces)
            self._held -= encoded.refused

    def encoded_rows(self) -> int:
        """How many rows wait to be written."""
        with self._lock:
            return sum(map(len, self._encoded))

    def take_encoded(self, rows: int) -> list[Piece]:
        """The oldest pieces, as few as make up so many rows."""
        taken: list[Piece] = []
        with self._lock:
            while self._encoded and rows > 0:
                taken.append(self._encoded.popleft())
                rows -= len(taken[-1])
        return taken

    def done(self, rows: int) -> None:
        """So many of the rows taken are written."""
        with self._lock:
            self._held -= rows

    def give_back(self, pieces: Sequence[Piece]) -> None:
        """These were taken and could not be written."""
        with self._lock:
            self._encoded.extendleft(reversed(pieces))

    def abandon(self) -> None:
        """Count all that is still here as dropped: nobody will come for it."""
        with self._lock:
            self.dropped += len(self)
            self._held = 0
            self._new.clear()
            self._encoded.clear()

    def _make_room(self) -> None:
        """Drop the oldest; what is being written right now cannot be dropped."""
        with self._lock:
            while (excess := len(self) - self._capacity) > 0:
                if self._encoded:
                    oldest = self._encoded.popleft()
                    lost = min(excess, len(oldest))
                    self._held -= lost
                    if lost < len(oldest):
                        self._encoded.appendleft(oldest.without_first(lost))
                elif self._new:
                    self._new.popleft()
                    lost = 1
                else:
                    return
                self.dropped += lost
