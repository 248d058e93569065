#!/usr/bin/env bash
# Train nano beside other work: one core, lowest priority, from a checkout of its own.
#
#   scripts/train_in_background.sh [COMMIT]   begin, or go on; the code stays that of its first time
#                                             (HEAD then), unless COMMIT names another
#   scripts/train_in_background.sh --pause    stop it where it is, in memory (before timings)
#   scripts/train_in_background.sh --resume   go on after --pause
#   scripts/train_in_background.sh --stop     save and end; a later call goes on
#   scripts/train_in_background.sh --status   what runs, how far it is, the last losses and probe
#
# Everything lies in OMNIPERSONA_TRAINING (default: ~/.cache/omnipersona/training): the checkout
# (code/), its environment (venv/), the state with a checkpoint every five minutes, network.csv and
# probe.csv (state/), and the averaged weights as a checkpoint folder (out/). START names another
# folder to begin from than the shipped weights, for instance the committed average.
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${OMNIPERSONA_TRAINING:-$HOME/.cache/omnipersona/training}"
start="$(realpath "${START:-model/nano/checkpoint}")"
pidfile="$folder/pid"

is_running() { [ -f "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2>/dev/null; }

need_running() { is_running || { echo "No training runs in $folder." >&2; exit 1; }; }

case "${1:-}" in
    --pause) need_running; kill -STOP "$(cat "$pidfile")"; echo "paused" ;;
    --resume) need_running; kill -CONT "$(cat "$pidfile")"; echo "goes on" ;;
    --stop)
        need_running
        kill -CONT "$(cat "$pidfile")"
        kill -TERM "$(cat "$pidfile")"
        while is_running; do sleep 1; done
        echo "stopped"
        ;;
    --status)
        if is_running; then
            echo "runs: $(ps -o pid=,stat=,ni=,time=,etime= -p "$(cat "$pidfile")")"
        else
            echo "does not run"
        fi
        echo "code: $(git -C "$folder/code" log -1 --format='%h %s' 2>/dev/null || echo none)"
        tail -n 1 "$folder/log" 2>/dev/null || true
        for table in network probe; do
            if [ -f "$folder/state/$table.csv" ]; then
                echo "$table.csv: $(wc -l < "$folder/state/$table.csv") lines"
                paste -d= <(head -n 1 "$folder/state/$table.csv" | tr , '\n') \
                    <(tail -n 1 "$folder/state/$table.csv" | tr , '\n') | paste -sd' '
            fi
        done
        ;;
    -*) echo "There is no option $1; read the head of $0." >&2; exit 2 ;;
    *)
        if is_running; then
            echo "It runs already: $0 --status" >&2
            exit 1
        fi
        mkdir -p "$folder"
        if [ ! -d "$folder/code" ]; then
            git worktree add --quiet --detach "$folder/code" "${1:-HEAD}"
        elif [ -n "${1:-}" ]; then
            git -C "$folder/code" checkout --quiet --detach "$(git rev-parse "$1")"
        fi
        [ -x "$folder/venv/bin/python" ] || scripts/training_environment.sh "$folder/venv"
        cd "$folder/code"
        # Linux weighs sessions against each other before it looks at niceness inside one.
        lowest='{ echo 15 > /proc/self/autogroup; } 2>/dev/null; exec nice -n 15 "$@"'
        PYTHONPATH=src PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1 \
            setsid nohup sh -c "$lowest" sh "$folder/venv/bin/python" -m omnipersona.training \
            --state "$folder/state" --out "$folder/out" --start "$start" \
            >> "$folder/log" 2>&1 < /dev/null &
        echo $! > "$pidfile"
        echo "begun: process $!, log $folder/log"
        ;;
esac
