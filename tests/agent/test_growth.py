"""What one question writes does not grow with what is known.

Bytes are counted as the system counts them, so nothing here depends on the machine's speed.
"""

import sys
from pathlib import Path

import pytest
from fakes import LastingModel, WordEncoder
from talk import Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.memory.index import as_bytes
from omnipersona.memory.memory import Memory
from omnipersona.store import schema
from omnipersona.store.database import new_id, now

SCRIPT = {
    "message: what is": "understand; none; none; what is my home?",
    "message: hello": "converse; none; none; none",
    "Chat": "Hi!",
}


def fill(memory: Memory, num_facts: int) -> None:
    """Give a user facts with vectors, as many concepts as a tenth of them, and conversations."""
    concepts = [memory.concepts.add("ana", f"concept {i}").id for i in range(num_facts // 10)]
    [vector] = as_bytes(WordEncoder().encode(["thing"]))
    rows = [
        {
            **{
                "id": new_id(),
                "concept_id": concepts[i % len(concepts)],
                "attribute": f"thing {i}",
            },
            **{"attribute_key": f"thing {i}", "value": f"of {i}", "source": "said", "origin": "t"},
            **{"created_at": now(), "encoder": WordEncoder.name},
        }
        for i in range(num_facts)
    ]
    vectors = [
        {"encoder": WordEncoder.name, "fact_id": row["id"], "vector": vector} for row in rows
    ]
    with memory._database.writing("ana") as records:
        records.insert_all(schema.facts, rows)
        records.insert_all(schema.fact_vectors, vectors)
    for i in range(num_facts // 10):
        memory.conversations.put_thread("ana", f"old {i}", name=f"talk {i}")


def written() -> int:
    """Return how many bytes this process has handed to the system so far."""
    [line] = [one for one in Path("/proc/self/io").read_text().splitlines() if "wchar" in one]
    return int(line.split()[1])


async def one_question(folder: Path, num_facts: int, text: str) -> int:
    """Return what a question in a conversation of its own writes, its forgetting included."""
    settings = Settings(data=folder / f"{num_facts} {len(text)}")
    session = await Assistant.open(
        settings, model=LastingModel(completions=SCRIPT), encoder=WordEncoder()
    )
    memory = session._deps.memory
    fill(memory, num_facts)
    memory.recall("ana", "thing")
    memory.upkeep.run()
    counts = []
    for i in range(3):
        before = written()
        await Talk(session, "ana", f"new {i}").reply(text)
        await session.delete_thread("ana", f"new {i}")
        counts.append(written() - before)
    await session.close()
    return min(counts)


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux counts a process's writes.")
@pytest.mark.parametrize("text", ["hello", "what is my home?"])
async def test_what_a_question_writes_does_not_grow_with_the_memory(
    tmp_path: Path, text: str
) -> None:
    few, many = [await one_question(tmp_path, count, text) for count in (20, 2000)]
    assert few > 0
    assert many < 1.5 * few, "a hundred times as much is known"
