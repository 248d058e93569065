"""Who may use the page, as far as settings say it."""


class NoLogin(Exception):
    """The settings let nobody in, or everybody; the text says what to set."""


def allowed_names(listed: str) -> frozenset[str]:
    """Return the names of a list with commas."""
    return frozenset(name for part in listed.split(",") if (name := part.strip()))
