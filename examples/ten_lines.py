"""Teach, ask and draw: python examples/ten_lines.py PHOTO..."""

import asyncio
import sys
from pathlib import Path

from omnipersona import Assistant, Lesson, Reply, UserTurn, load_settings


async def main(photos: list[Path]) -> None:
    """Teach <bo> from photos, ask for his toy and draw him with it, to bo.png."""
    async with await Assistant.open(load_settings()) as session:
        pictures = tuple(photo.read_bytes() for photo in photos)
        facts = ("his toy is a red ball",)
        job = await session.teach(
            Lesson(user_id="ana", name="bo", kind="dog", pictures=pictures, facts=facts)
        )
        async for status in session.watch_learning("ana", job.job_id):
            if status.is_usable:
                break
        for text in ("what is the toy of <bo>?", "draw <bo> with his toy"):
            reply = await session.say(UserTurn(user_id="ana", thread_id="1", text=text))
            print(reply)
            if isinstance(reply, Reply) and reply.pictures:
                Path("bo.png").write_bytes(reply.pictures[0].png)


if __name__ == "__main__":
    asyncio.run(main([Path(name) for name in sys.argv[1:]]))
