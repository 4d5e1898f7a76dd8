#!/bin/sh
# The scores of a model as README.md beside this file lists them.
#
#     models/default/evaluate.sh MODEL DATA [OPTION...]      OPTION: of sbertja eval, for example --precision int8
#
# JSTS valid and the search on JaQuAD dev were never trained on. The comments of Economy Watchers were read without their
# labels; the 2,000 rows that the neighbours are taken from are every seventh of train.tsv. For the sample report the model
# is trained on its 480 rows five times, and the mean over the seeds is what counts.
set -eu
[ $# -ge 2 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
sbertja=$root/build/bin/sbertja
model=$1 data=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

score() {
    name=$1 figure=$2
    shift 2
    printf '%-40s %s\n' "$name" "$("$sbertja" eval -m "$model" "$@" | sed -n "s/^$figure	//p")"
}

score "JSTS valid, Spearman" spearman_cosine --task sts "$data/jsts/valid.tsv" "$@"
score "JaQuAD dev, MRR@10" mrr@10 --task search --corpus "$data/jaquad/passages.tsv" "$data/jaquad/questions.tsv" "$@"
awk 'NR == 1 || NR % 7 == 2 && ++rows <= 2000' "$data/economy-watchers/train.tsv" > "$scratch/train.tsv"
score "Economy Watchers dev, 15 neighbours" neighbours_accuracy --task classify --neighbours 15 \
    --train "$scratch/train.tsv" "$data/economy-watchers/dev.tsv" "$@"

report=$root/examples/report
score "sample report as it is, centroids" centroid_accuracy --task classify --train "$report/train.tsv" \
    "$report/test.tsv" "$@"
sum=0
for seed in 1 2 3 4 5; do
    "$sbertja" train -m "$model" --data "$report/train.tsv" --metric cosine --margin 0.5 --lr 2e-4 --warmup-steps 20 \
        --epochs 10 --seed $seed -o "$scratch/report" > "$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
    accuracy=$("$sbertja" eval -m "$scratch/report" --task classify --train "$report/train.tsv" "$report/test.tsv" "$@" |
        sed -n 's/^centroid_accuracy	//p')
    printf '%-40s %s\n' "  trained, seed $seed" "$accuracy"
    sum=$(awk "BEGIN { print $sum + $accuracy }")
done
printf '%-40s %s\n' "sample report after training, mean of 5" "$(awk "BEGIN { printf \"%.4f\", $sum / 5 }")"
