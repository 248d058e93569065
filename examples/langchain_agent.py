"""A LangChain agent that uses the assistant's tools, with whatever chat model decides."""

from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel

from omnipersona import Assistant


def build_agent(session: Assistant, chat_model: BaseChatModel, user_id: str) -> Any:
    """Return an agent whose tools are bound to one user.

    Args:
        session: The assistant.
        chat_model: Any model that calls tools, e.g. `init_chat_model("...")`.
        user_id: Whose people, pets and things the agent may know.
    """
    tools = list(session.tools(user_id).values())
    for tool in tools:
        tool.handle_tool_error = True  # what a tool refuses is told to the model
    return create_agent(
        chat_model,
        tools,
        system_prompt="Names of the user's people, pets and things are written <name>.",
    )
