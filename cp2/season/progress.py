"""How far a long command is: a bar on a terminal, a line now and then in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

LINE_EVERY = 10.0  # seconds


class Progress:
    def __init__(self, say: Callable[[str], None], *, on_terminal: bool = False) -> None:
        self.say, self.on_terminal = say, on_terminal

    @contextmanager
    def stage(self, name: str, total: int = 1) -> Iterator[Callable[[int], object]]:
        """Gives what is to be called with every so many steps; says how long it took in the end."""
        began = time.monotonic()
        with tqdm(total=total, desc=name, leave=False, disable=not self.on_terminal) as bar:
            yield bar.update if self.on_terminal else self._lines(name, total)
        self.say(f"{name}: {time.monotonic() - began:.1f} s")

    def _lines(self, name: str, total: int) -> Callable[[int], None]:
        done, last = 0, time.monotonic()

        def step(number: int) -> None:
            nonlocal done, last
            done += number
            if time.monotonic() - last >= LINE_EVERY:
                last = time.monotonic()
                self.say(f"{name}: {done} of {total}")

        return step
