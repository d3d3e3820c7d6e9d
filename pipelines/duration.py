"""Durations for people."""


def duration(seconds: float) -> str:
    """Seconds as text, with the two largest units.

    >>> duration(3725.2)
    '1 h 2 min'
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, left = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {left} s"
    return f"{minutes // 60} h {minutes % 60} min"
