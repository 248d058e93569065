"""Errors whose text is a sentence for the user; anything else is a bug."""

from typing import Final

from omnipersona.agent.settings import UnknownSetting
from omnipersona.memory.errors import MemoryStoreError
from omnipersona.model.errors import ModelError
from omnipersona.tools.outcome import ToolFailed, ToolRetry

EXPECTED_ERRORS: Final = (ToolFailed, ToolRetry, ModelError, MemoryStoreError, UnknownSetting)
