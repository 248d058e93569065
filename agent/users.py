"""People as a page or a command line names them: whether a name can be used; forgetting them."""

import asyncio

from omnipersona.agent.settings import Settings
from omnipersona.agent.stores import open_checkpoints, open_memory
from omnipersona.memory.records import Receipt
from omnipersona.store.errors import InvalidName
from omnipersona.store.names import check_user_id


def is_usable_user(name: str) -> bool:
    """Whether a user of this name can have a memory."""
    try:
        check_user_id(name)
    except InvalidName:
        return False
    return True


def forget_user(settings: Settings, name: str) -> Receipt:
    """Delete everything of a user, where no assistant runs; an unknown one gives an empty receipt.

    Raises: StoreError: a store cannot be used, or a running assistant has it.
    """
    memory = open_memory(settings, None)
    try:
        receipt = memory.forget_user(name)
        asyncio.run(_forget_conversations(settings, name))
        memory.upkeep.run()
        return receipt
    finally:
        memory.close()


async def _forget_conversations(settings: Settings, name: str) -> None:
    checkpoints = await open_checkpoints(settings)
    try:
        await checkpoints.forget_user(name)
    finally:
        await checkpoints.close()
