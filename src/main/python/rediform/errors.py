"""What ends a verb with a message for a person."""


class Refused(Exception):
    """What was asked for is not safe now; the message says why, and nothing has changed."""


class Failed(Exception):
    """What was found, and what to do about it."""
