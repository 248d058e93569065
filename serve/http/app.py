"""Every route, and what stands before them, as one application."""

from fastapi import FastAPI

import omnipersona
from omnipersona.serve.guard import OwnPageOnly
from omnipersona.serve.http import chat, concepts, facts, health, images, jobs, models
from omnipersona.serve.http.access import Gate
from omnipersona.serve.http.app_state import AppState
from omnipersona.serve.http.docs_page import POLICY, SCHEMA, add_docs
from omnipersona.serve.http.metrics import Counted
from omnipersona.serve.http.pictures import MAX_PICTURES
from omnipersona.serve.http.problems import Problem, add_handlers
from omnipersona.serve.http.tools import ToolsAddress

_ABOUT = (
    "The assistant for other programs. Chat completions and images are OpenAI's; what is ours has "
    "addresses of its own. See docs/http.md of the repository."
)
_FOREIGN = Problem(
    403,
    "This server takes no requests of other sites, and on this machine alone none by a foreign "
    "name.",
    param="Origin",
    code="foreign_site",
)


def build_app(app_state: AppState) -> FastAPI:
    """Return the application behind a door."""
    tools = ToolsAddress(app_state)
    app = FastAPI(
        title="OmniPersona",
        version=omnipersona.__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=SCHEMA,
        lifespan=tools.running,
        # What is measured here is counted by ourselves, and nothing leaves the machine.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        form_limits={"max_files": MAX_PICTURES, "max_fields": 100, "max_part_size": 2**20},
    )
    app.state.app_state = app_state
    for part in (chat, images, models, concepts, facts, jobs, health):
        app.include_router(part.router)
    app.router.routes.append(tools.route())
    add_docs(app)
    add_handlers(app)
    app.add_middleware(Gate, app_state=app_state)
    app.add_middleware(
        OwnPageOnly, is_open=app_state.is_open, policy=POLICY, refusal=_FOREIGN.response()
    )
    app.add_middleware(Counted, metrics=app_state.metrics)
    return app
