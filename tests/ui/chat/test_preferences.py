"""Settings of a conversation count in its turns; commands stand for words."""

import pytest
from tab import Tab

from omnipersona.ui.chat.slash import said

STARTER = "This is my dog <bo>, his toy is a red ball."


def test_a_command_stands_for_words() -> None:
    assert said("draw", " <bo> at home ") == "draw <bo> at home"
    assert said("undo", "whatever") == "undo that"
    assert said(None, "hello") == "hello"
    assert said("unknown", "hello") == "hello"


@pytest.mark.slow
async def test_settings_are_offered_and_count(page_url: str) -> None:
    async with Tab(page_url) as tab:
        [widgets] = tab.of("chat_settings")
        initial = {one["id"]: one["initial"] for one in widgets}
        assert initial == {
            "steps": 30,
            "guidance": 4.0,
            "seed": "",
            "num_examples": 2,
            "approve_prompts": False,
        }, "no switch for thinking where the model cannot"
        await tab.say(STARTER)
        await tab.shows("I know <bo>")
        await tab.set(steps=7, seed="12")
        assert "seed 12, 7 steps" in await tab.say("draw <bo> with his toy")
        await tab.set(seed="nonsense")
        assert "seed 12" not in await tab.say("draw <bo> with his toy")


@pytest.mark.slow
async def test_a_prompt_waits_for_approval_where_wished(page_url: str) -> None:
    async with Tab(page_url) as tab:
        await tab.say(STARTER)
        await tab.shows("I know <bo>")
        await tab.set(approve_prompts=True)
        question = await tab.say("draw <bo> with his toy")
        assert question.startswith('I would draw this: "<bo> with a red ball"')
        yes = tab.of("action")[0]
        tab.events.clear()
        await tab.press(yes)
        await tab.shows("Here it is: <bo> with a red ball.")


@pytest.mark.slow
async def test_commands_are_offered_and_understood(page_url: str) -> None:
    async with Tab(page_url) as tab:
        [commands] = tab.of("set_commands")
        names = [one["id"] for one in commands]
        assert names == ["draw", "again", "undo", "why", "known", "forget"]
        await tab.say(STARTER)
        await tab.shows("I know <bo>")
        text = await tab.say("<bo> with his toy", command="draw")
        assert text.startswith("Here it is: <bo> with a red ball.")
