"""Whether a name from outside can be a user's id; for pages and servers that log people in."""

from omnipersona.store.errors import InvalidName
from omnipersona.store.names import check_user_id


def is_usable_user(name: str) -> bool:
    """Whether a user of this name can have a memory."""
    try:
        check_user_id(name)
    except InvalidName:
        return False
    return True
