"""The page inside an existing FastAPI app: uvicorn --factory examples.mounted:build_app"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from omnipersona import Assistant, load_settings, mount_page


def build_app() -> FastAPI:
    """Return an app with a route of its own, and the assistant at /assistant."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings = load_settings()
        async with await Assistant.open(settings) as session:
            mount_page(app, session, settings, path="/assistant")
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app
