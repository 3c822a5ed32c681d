"""How far long work is, shown on a terminal and nowhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import typer

_STEPS = 1000


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[float], None]]:
    """Yield what is to be told how much is done, 0.0 to 1.0.

    The bar appears when it is told for the first time: until then arguments are looked at.
    """
    bar = typer.progressbar(
        length=_STEPS, label=label, file=sys.stderr, hidden=not sys.stderr.isatty(), width=30
    )
    with ExitStack() as stack:

        def on_progress(share: float) -> None:
            if not bar.entered:
                stack.enter_context(bar)
            bar.update(max(0, int(share * _STEPS) - bar.pos))

        yield on_progress
