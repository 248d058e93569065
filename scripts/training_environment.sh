#!/usr/bin/env bash
# Make a virtual environment with what nano's training needs and nothing else.
#   scripts/training_environment.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."

"${PYTHON:-python3}" -m venv "$1"
pins="$(grep -E '^(torch|numpy|pillow|safetensors|tokenizers|einops)==' constraints.txt)"
"$1/bin/python" -m pip install --quiet --disable-pip-version-check $pins
