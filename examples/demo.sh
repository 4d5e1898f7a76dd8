#!/bin/sh
# The whole way with the command: a model, trained on the sample report, then used. Run by `make demo`; everything it makes
# goes to build/demo.
#
#     examples/demo.sh            from the default model; from random weights if models/default holds none
#     examples/demo.sh random     from random weights
#     examples/demo.sh DIR        from another model
set -e
sbertja=${BUILD:-build}/bin/sbertja
out=${BUILD:-build}/demo
data=examples/report
rule=cause=1:1,effect=1:2,else:0
model=${1:-models/default}
rate=2e-4

rm -rf "$out" && mkdir -p "$out"
if [ $# = 0 ] && [ ! -e "$model/modules.json" ]; then
    echo "== $model holds no model: starting from random weights, which learn less"
    model=random
fi
if [ "$model" = random ]; then
    echo "== A model with random weights: 2 layers, 128 wide"
    model=$out/random
    rate=5e-4
    "$sbertja" new --vocab tests/data/vocab.txt --layers 2 --hidden 128 --heads 4 --intermediate 512 -o "$model"
fi

echo "== How well the vectors of $model tell cause, effect and other apart: 120 held-out sentences, before training"
"$sbertja" eval -m "$model" --task classify --train "$data/train.tsv" --text text --label "$rule" "$data/test.tsv"

echo "== Training on 480 sentences (columns text, cause, effect) by BatchAllTripletLoss, cosine distance"
"$sbertja" train -m "$model" --data "$data/train.tsv" --text text --label "$rule" --samples-per-label 8 \
    --metric cosine --margin 0.2 --epochs 6 --warmup-steps 20 --lr $rate -o "$out/trained"

echo "== The same 120 sentences, after"
"$sbertja" eval -m "$out/trained" --task classify --train "$data/train.tsv" --text text --label "$rule" "$data/test.tsv"

echo "== The three sentences of the report nearest to: ポンプから水が漏れた。"
cut -f1 "$data/report.tsv" | tail -n +2 > "$out/corpus.txt"
"$sbertja" search -m "$out/trained" --corpus "$out/corpus.txt" --query "ポンプから水が漏れた。" -k 3
