"""Pictures as the page shows them: small drawings enlarged smoothly.

Knows pixels of a finished picture. The stored picture keeps its own size.
"""

import base64
import io
from typing import Final

from PIL import Image

PICTURE_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=3600",
}
"""With which a picture is served: whatever it is, a browser takes it for nothing else."""


def enlarged(png: bytes, side: int) -> bytes:
    """Return a picture with a longer side of at least `side` pixels; a large one unchanged."""
    with Image.open(io.BytesIO(png)) as picture:
        longest = max(picture.size)
        if longest >= side:
            return png
        size = (
            max(1, round(picture.width * side / longest)),
            max(1, round(picture.height * side / longest)),
        )
        out = io.BytesIO()
        picture.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(out, "PNG")
        return out.getvalue()


def data_url(png: bytes) -> str:
    """Return PNG bytes as a URL that needs no request."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
