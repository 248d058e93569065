"""The graph of a turn as one node of another LangGraph app: python examples/subgraph.py"""

import asyncio
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

from omnipersona import Assistant, Context, load_settings


class Greeting(TypedDict, total=False):
    """The state of the app around it; `text`, `picture_ids` and `answer` are shared."""

    guest: str
    text: str
    picture_ids: list[str]
    answer: str
    card: str


def invite(state: Greeting) -> Greeting:
    """Say what is to be drawn for the guest."""
    return Greeting(text=f"draw a {state['guest']} with a hat", picture_ids=[])


def sign(state: Greeting) -> Greeting:
    """Put the assistant's answer on the card."""
    return Greeting(card=f"Welcome, {state['guest']}! {state['answer']}")


def build_app(session: Assistant) -> StateGraph[Greeting, Context]:
    """Return an app in which the assistant is the middle one of three nodes."""
    app = StateGraph(Greeting, context_schema=Context)
    app.add_node("invite", invite)
    app.add_node("assistant", session.graph().compile())
    app.add_node("sign", sign)
    app.add_edge(START, "invite")
    app.add_edge("invite", "assistant")
    app.add_edge("assistant", "sign")
    app.add_edge("sign", END)
    return app


async def main() -> None:
    """Welcome a red fox."""
    async with await Assistant.open(load_settings()) as session:
        app = build_app(session).compile()
        result = await app.ainvoke({"guest": "red fox"}, context=Context(user_id="ana"))
        print(result["card"])


if __name__ == "__main__":
    asyncio.run(main())
