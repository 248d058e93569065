"""A chat request, as OpenAI's clients write it, and what of it is a turn.

The last message is the turn. Earlier ones are the client's copy of a conversation that we keep
ourselves; of them only the last picture counts, where we know of none. System messages are taken
and not used: the assistant has its own.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool
from pydantic_core import PydanticCustomError

from omnipersona.serve.http.conversations import Said, check_thread
from omnipersona.serve.http.options import Options, Seed, Unused, unsupported
from omnipersona.serve.http.pictures import (
    check_count,
    check_data_url,
    pictures_in,
    read_data_url,
    words_of,
)
from omnipersona.serve.http.problems import Problem

THREAD: Final = "thread"


class ImageUrl(BaseModel):
    """A picture inside of a message."""

    url: str
    """A data: URL; nothing is fetched."""

    detail: Unused = None


class TextPart(BaseModel):
    """Words."""

    type: Literal["text"]
    text: str


class PicturePart(BaseModel):
    """A picture."""

    type: Literal["image_url"]
    image_url: ImageUrl


class RefusalPart(BaseModel):
    """What another assistant would not do."""

    type: Literal["refusal"]
    refusal: str


Part = Annotated[TextPart | PicturePart | RefusalPart, Field(discriminator="type")]


def _as_parts(content: object) -> object:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [] if content is None else content


class Message(BaseModel):
    """One message; what else clients keep in one is not read."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[
        list[Part], BeforeValidator(_as_parts, json_schema_input_type=str | list[Part] | None)
    ] = []
    images: list[PicturePart] = []
    """Pictures of an earlier answer, as we gave them."""

    def words(self) -> str:
        """Return the message's words, without pictures in their Markdown."""
        texts = [part.text for part in self.content if isinstance(part, TextPart)]
        return words_of("\n".join(texts))

    def urls(self) -> list[tuple[str, str]]:
        """Return the message's pictures, each with where it stands in the message."""
        found = list[tuple[str, str]]()
        for index, part in enumerate(self.content):
            if isinstance(part, PicturePart):
                found.append((part.image_url.url, f"content[{index}].image_url.url"))
            elif isinstance(part, TextPart) and self.role == "assistant":
                found += [(url, f"content[{index}].text") for url in pictures_in(part.text)]
        for index, picture in enumerate(self.images):
            found.append((picture.image_url.url, f"images[{index}].image_url.url"))
        return found

    def said(self) -> Said:
        """Return what identifies the message."""
        # Programs differ in which pictures of ours they send back.
        pictures = () if self.role == "assistant" else tuple(url for url, _ in self.urls())
        return self.role, self.words(), pictures


def _no_list(value: object) -> object:
    if value:
        raise PydanticCustomError("unsupported_parameter", "The assistant calls no tools.")
    return value


class ChatRequest(BaseModel):
    """What `POST /v1/chat/completions` takes."""

    model_config = ConfigDict(extra="forbid")

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: StrictBool = False
    seed: Seed = None
    metadata: dict[str, str] | None = None
    """`thread` names the conversation; the rest is not used."""

    modalities: list[Literal["text", "image"]] | None = None
    omnipersona: Options = Options()
    """How a drawing of this turn is made."""

    n: Annotated[Any, unsupported("One answer is given; leave it out.", 1)] = None
    tools: Annotated[Any, BeforeValidator(_no_list)] = None
    functions: Annotated[Any, BeforeValidator(_no_list)] = None
    tool_choice: Annotated[Any, unsupported("The assistant calls no tools.", "none", "auto")] = None
    function_call: Annotated[Any, unsupported("The assistant calls no tools.", "none", "auto")] = (
        None
    )
    response_format: Annotated[Any, unsupported("Answers are plain words.", {"type": "text"})] = (
        None
    )
    logprobs: Annotated[Any, unsupported("There are no log-probabilities.", False)] = None
    top_logprobs: Annotated[Any, unsupported("There are no log-probabilities.", 0)] = None
    stop: Annotated[Any, unsupported("Answers cannot be cut at a word.", [], "")] = None
    audio: Annotated[Any, unsupported("The assistant does not speak.")] = None
    prediction: Annotated[Any, unsupported("Answers are not predicted.")] = None
    moderation: Annotated[Any, unsupported("Nothing is moderated.")] = None
    web_search_options: Annotated[Any, unsupported("Nothing is searched in the web.")] = None

    temperature: Unused = None
    top_p: Unused = None
    frequency_penalty: Unused = None
    presence_penalty: Unused = None
    logit_bias: Unused = None
    max_tokens: Unused = None
    max_completion_tokens: Unused = None
    reasoning_effort: Unused = None
    verbosity: Unused = None
    parallel_tool_calls: Unused = None
    prompt_cache_key: Unused = None
    prompt_cache_options: Unused = None
    prompt_cache_retention: Unused = None
    service_tier: Unused = None
    store: Unused = None
    stream_options: Unused = None
    user: Unused = None
    safety_identifier: Unused = None

    def thread(self, header: str | None) -> str | None:
        """Return the thread that the request names, by header or in its metadata.

        Raises: Problem: the name cannot be used.
        """
        if header is not None:
            return check_thread(_as_utf8(header), "X-Thread")
        named = (self.metadata or {}).get(THREAD)
        return None if named is None else check_thread(named, f"metadata.{THREAD}")

    def said(self) -> tuple[Said, ...]:
        """Return all messages but the system's."""
        return tuple(m.said() for m in self.messages if m.role in ("user", "assistant"))

    async def pictures(self) -> tuple[bytes, ...]:
        """Return the pictures of the last message, clean.

        Raises: Problem: the last message is not the user's, or a picture cannot be taken.
        """
        last = len(self.messages) - 1
        if self.messages[last].role != "user":
            raise Problem(400, "The last message has to be the user's.", param="messages")
        urls = self.messages[last].urls()
        check_count(len(urls), f"messages[{last}].content")
        return tuple([await read_data_url(url, f"messages[{last}].{where}") for url, where in urls])

    async def earlier(self) -> bytes | None:
        """Return the last picture of the earlier messages, clean, or None.

        Raises: Problem: an address would have to be fetched, or that picture cannot be taken.
        """
        found = _located(self.messages[:-1])
        for url, where in found:
            check_data_url(url, where)
        return await read_data_url(*found[-1]) if found else None


def _located(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [
        (url, f"messages[{index}].{where}")
        for index, message in enumerate(messages)
        for url, where in message.urls()
    ]


def _as_utf8(header: str) -> str:
    """Return a header as most clients mean it; the framework reads it as Latin-1."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
