"""The schema as a page, `/docs`, whose files all come from this server."""

from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

SCHEMA: Final = "/openapi.json"
POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""What the page may load."""

_FILES: Final = "/docs/files"
_FOLDER: Final = Path(fastapi_offline.__file__).parent / "static"

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> HTMLResponse:
    """Show every address, to read and to try."""
    return get_swagger_ui_html(
        openapi_url=SCHEMA,
        title="OmniPersona over HTTP",
        swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{_FILES}/swagger-ui.css",
        swagger_favicon_url=f"{_FILES}/favicon.png",
        # Swagger would have another host look at the schema.
        swagger_ui_parameters={"validatorUrl": None},
    )


def add_docs(app: FastAPI) -> None:
    """Add the page and its files."""
    app.include_router(router)
    app.mount(_FILES, StaticFiles(directory=_FOLDER))
