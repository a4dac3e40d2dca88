"""Numbers of random examples: few in the short run, all with `--all`, more with `--longer TIMES`."""

times = 1
short = False


def examples(count: int) -> int:
    """The examples that a test may try, of those that it tries in a full run."""
    return max(count // 4, 1) if short else count * times
