"""Models and executors of which a test says what they do, and what a painter tells."""

import threading
from concurrent.futures import Future

from benchmarks.standin import StandIn
from explorer.painting.window import paint_windows
from explorer.service.executors import Painted
from tiles.grid import Tile

NEAR, FAR = Tile(8, 128, 128), Tile(8, 1000, 1000)


class Failing(StandIn):
    """Raises on windows of some cells."""

    def __init__(self, *bad, batch=1):
        super().__init__(batch)
        self.bad = set(bad)

    def paint(self, windows):
        if self.bad & {window.cell for window in windows}:
            self.calls.update(window.cell for window in windows)
            raise RuntimeError("out of memory\nand more")
        return super().paint(windows)


class ByHand:
    """Executors of which the test says when a batch is painted."""

    capacity, together = 1, 1  # batches; windows of a batch where many wait

    def __init__(self):
        self.batches, self.came, self.by_hand = [], threading.Semaphore(0), True

    def of(self, model, kind=None):
        self.model, self.batch, self.kind = model, model.traits.batch, kind
        self.most = max(self.batch, self.together)
        return self

    def watch(self, changed):
        self.changed = changed

    def crew(self):
        return None

    def submit(self, windows):
        future = Future()
        if not self.by_hand:
            future.set_result(self.painted(windows))
            return future
        self.batches.append((windows, future))
        self.came.release()
        return future

    def next(self):
        """The next batch that is handed over, and what paints it."""
        assert self.came.acquire(timeout=30)
        windows, future = self.batches.pop(0)
        return [w.cell for w in windows], lambda: future.set_result(self.painted(windows))

    def painted(self, windows):
        batches = [windows[i : i + self.batch] for i in range(0, len(windows), self.batch)]
        cells = [cell for batch in batches for cell in paint_windows(self.model.paint, batch)]
        return Painted(cells, "CPU of a test")

    def withdraw(self, future):
        waits = [batch for batch in self.batches if batch[1] is future and self.came.acquire(blocking=False)]
        for batch in waits:
            self.batches.remove(batch)
        return bool(waits) and future.cancel()

    def close(self):
        for _, future in self.batches:
            future.cancel()


def heard(painter, kind):
    """The tiles of events of a kind, as they come."""
    found = []
    painter.listen(lambda event: found.append(event.tile) if event.kind == kind else None)
    return found


def land(world, box):
    return {tile: world.renderer.tile(tile, "png").data for tile in box.tiles()}
