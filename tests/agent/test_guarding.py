"""After an edit: whom it should have left alone is looked at again."""

from talk import Talk

from omnipersona.model.bagel.text_tasks import CompleteRequest
from omnipersona.testing import ScriptedModel

ASKED = "is <c0> in this picture?"
REPLIES = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog",
    "message: draw <c0>": "generate; none; <c0>; none",
    "Rewrite draw": "<c0>",
    "message: make it night": "edit; shown; none; none",
    "Rewrite edit\nevidence:\nnone\nmessage: make it night": "change the place to the night",
    "message: take <c0> out": "edit; shown; <c0>; none",
    "Rewrite edit\nevidence:\nnone\nmessage: take <c0> out": "remove <c0>",
}


class SelfLabeler:
    """Recognises <c0> in a drawing, and in an edited picture or not."""

    def __init__(self, after: str) -> None:
        self.after = after
        self.looks = list[bytes]()

    def __call__(self, request: CompleteRequest) -> str:
        if request.prompt == ASKED:
            self.looks += request.images
            return "yes" if len(self.looks) == 1 else self.after
        fitting = [reply for part, reply in REPLIES.items() if part in request.prompt]
        return fitting[-1] if fitting else "none"


async def test_an_edit_that_spoils_somebody_is_told(talk: Talk, model: ScriptedModel) -> None:
    eyes = SelfLabeler(after="no")
    model.completions = eyes
    await talk.teach()
    drawn = await talk.reply("draw <bo>")
    edited = await talk.reply("make it night")
    assert "<bo> is harder to recognise in it than before (90%, now 10%)" in edited.text
    assert '"undo that" takes the edit back' in edited.text
    assert eyes.looks == [drawn.pictures[0].png, edited.pictures[0].png]
    [score] = edited.details["identity"]
    assert score == {"concept": "bo", "before": 0.905, "after": 0.095}


async def test_an_edit_that_keeps_somebody_needs_no_word(talk: Talk, model: ScriptedModel) -> None:
    model.completions = SelfLabeler(after="yes")
    await talk.teach()
    await talk.reply("draw <bo>")
    edited = await talk.reply("make it night")
    assert "recognise" not in edited.text
    assert edited.details["identity"][0]["after"] == 0.905


async def test_who_is_to_be_taken_out_is_not_missed(talk: Talk, model: ScriptedModel) -> None:
    eyes = SelfLabeler(after="no")
    model.completions = eyes
    await talk.teach()
    await talk.reply("draw <bo>")
    edited = await talk.reply("take <bo> out")
    assert "recognise" not in edited.text
    assert eyes.looks == []
