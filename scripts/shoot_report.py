"""Photograph OmniPBench's report for the documentation.

python scripts/shoot_report.py    needs Chromium; writes docs/omnipbench/gallery.png and wall.png
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "omnipbench"
SHOTS = {"gallery.png": ".cards", "wall.png": ".wall"}


def main() -> None:
    """Write a picture of each part."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto((FOLDER / "report.html").as_uri())
        for name, selector in SHOTS.items():
            shot = Image.open(io.BytesIO(page.locator(selector).first.screenshot()))
            shot.quantize(256).save(FOLDER / name, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
