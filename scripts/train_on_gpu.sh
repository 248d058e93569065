#!/usr/bin/env bash
# Train nano for a few minutes on a borrowed GPU that has Python 3.12, torch, numpy, pillow,
# safetensors, tokenizers and einops, and no network. Stops by itself; what it has is written when it
# is stopped from outside, too.
#
#   scripts/train_on_gpu.sh [--start FOLDER] [--out FOLDER] [MINUTES]
#   scripts/train_on_gpu.sh --rehearse      the whole of it small, on the CPU, in under five minutes,
#                                           in a new environment with those packages alone
set -euo pipefail
cd "$(dirname "$0")/.."

start=model/nano/checkpoint out="${OUT:-build/borrowed}" minutes=8 rehearse=
while [ $# -gt 0 ]; do
    case "$1" in
        --start) start="$2"; shift 2 ;;
        --out) out="$2"; shift 2 ;;
        --rehearse) rehearse=1; shift ;;
        -*) echo "There is no option $1; read the head of $0." >&2; exit 2 ;;
        *) minutes="$1"; shift ;;
    esac
done
export PYTHONPATH=src PYTHONUNBUFFERED=1 OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"

if [ -n "$rehearse" ]; then
    folder="$(mktemp -d)"
    trap 'rm -rf "$folder"' EXIT
    scripts/training_environment.sh "$folder/venv"
    "$folder/venv/bin/python" -m omnipersona.training.borrowed --device cpu --minutes 3.5 --reserve 1 \
        --makers 1 --scale 1 --start "$start" --out "$folder/out"
    ls -l "$folder/out"
    cat "$folder/out/losses.md"
    exit
fi
"${PYTHON:-python3}" -m omnipersona.training.borrowed --minutes "$minutes" --start "$start" \
    --makers "$(($(nproc) - 1))" --out "$out"
