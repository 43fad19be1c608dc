"""What a command can't do, in words for whoever called it."""


class Refused(Exception):
    """Expected: the message says why, and how to mend it. Commands print it and end with status 1."""
