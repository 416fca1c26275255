"""How often a node asks whether a backup is due."""

OFTEN = 12  # times between two backups: so much later than due it begins at most
SHORTEST, LONGEST = 5, 300  # seconds


def tick(every_seconds: int) -> int:
    """Seconds from one question to the next."""
    return min(max(every_seconds // OFTEN, SHORTEST), LONGEST)
