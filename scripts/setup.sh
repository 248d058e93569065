#!/usr/bin/env bash
# Make or refresh .venv: pip, then uv, then the pinned packages. Safe to run again.
# EXTRAS names other extras than dev, TORCH_BACKEND another torch than what the machine suggests,
# CONSTRAINTS another file of pins.
set -euo pipefail
cd "$(dirname "$0")/.."

python="${PYTHON:-python3}"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed; '$python' is $("$python" -V 2>&1). Set PYTHON=/path/to/python3.11." >&2
    exit 1
}
if [ ! -x .venv/bin/python ]; then
    echo "setup: making .venv with $("$python" -V)"
    "$python" -m venv .venv
fi
echo "setup: installing uv"
.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.8"

# uv does not read pip's folder of wheels, so it is passed on.
export UV_FIND_LINKS="${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}}"
[ -n "$UV_FIND_LINKS" ] || unset UV_FIND_LINKS

constraints="${CONSTRAINTS:-constraints.txt}"
install=(.venv/bin/uv pip install --python .venv/bin/python --constraint "$constraints")
torch="$(grep '^torch==' "$constraints")"
if ! .venv/bin/python -c 'import torch' 2>/dev/null; then
    if [ "${TORCH_BACKEND:-cpu}" != cpu ]; then
        echo "setup: installing $torch ($TORCH_BACKEND)"
        "${install[@]}" --torch-backend "$TORCH_BACKEND" "$torch"
    elif command -v nvidia-smi >/dev/null 2>&1; then
        echo "setup: installing $torch for the GPU"
        "${install[@]}" "$torch"
    elif [ -n "${UV_FIND_LINKS:-}" ] && ls "$UV_FIND_LINKS"/torch-*cpu*.whl >/dev/null 2>&1; then
        echo "setup: installing $torch (CPU) from $UV_FIND_LINKS"
        "${install[@]}" "$torch"
    else
        echo "setup: installing $torch (CPU)"
        "${install[@]}" --torch-backend cpu "$torch" || "${install[@]}" "$torch"
    fi
fi
echo "setup: installing omnipersona and its packages"
"${install[@]}" --editable ".[${EXTRAS:-dev}]"
echo "setup: done"
