#!/bin/sh
# The whole way with the command: a small model with random weights, trained on the sample report, then used.
# Run by `make demo`; everything it makes goes to build/demo.
set -e
sbertja=${BUILD:-build}/bin/sbertja
out=${BUILD:-build}/demo
data=examples/report
rule=cause=1:1,effect=1:2,else:0

rm -rf "$out" && mkdir -p "$out"
echo "== A model with random weights: 2 layers, 128 wide"
"$sbertja" new --vocab tests/data/vocab.txt --layers 2 --hidden 128 --heads 4 --intermediate 512 -o "$out/random"

echo "== How well its vectors tell cause, effect and other apart: 120 held-out sentences, before"
"$sbertja" eval -m "$out/random" --task classify --train "$data/train.tsv" --text text --label "$rule" "$data/test.tsv"

echo "== Training on 480 sentences (columns text, cause, effect) by BatchAllTripletLoss, cosine distance"
"$sbertja" train -m "$out/random" --data "$data/train.tsv" --text text --label "$rule" --samples-per-label 8 \
    --metric cosine --margin 0.2 --epochs 6 --warmup-steps 20 --lr 5e-4 -o "$out/trained"

echo "== The same 120 sentences, after"
"$sbertja" eval -m "$out/trained" --task classify --train "$data/train.tsv" --text text --label "$rule" "$data/test.tsv"

echo "== The three sentences of the report nearest to: ポンプから水が漏れた。"
cut -f1 "$data/report.tsv" | tail -n +2 > "$out/corpus.txt"
"$sbertja" search -m "$out/trained" --corpus "$out/corpus.txt" --query "ポンプから水が漏れた。" -k 3
