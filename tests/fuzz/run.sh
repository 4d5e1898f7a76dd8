#!/bin/sh
# Runs fuzz targets one after another, SECONDS_EACH seconds each, in one process at low priority. Inputs that reach new code
# are kept in $BUILD/corpus/KIND, and inputs that fail in $BUILD/findings. One line a target; fails if one of them found
# something.
build=${BUILD:-build/fuzz}
failed=0
log=$(mktemp)
FUZZ_FOLDER=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)")
export FUZZ_FOLDER
trap 'rm -rf "$log" "$FUZZ_FOLDER"' EXIT
mkdir -p "$build/findings"
for kind in "$@"; do
    corpus=$build/corpus/$kind seeds=$build/seeds/$kind
    mkdir -p "$corpus" "$seeds"
    FUZZ_SEEDS=$seeds "$build/fuzzers/$kind" >"$log" 2>&1 || { cat "$log" && exit 1; }
    LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0 ASAN_OPTIONS=allocator_may_return_null=1 \
        nice -n 19 "$build/fuzzers/$kind" -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=2048 -max_len=16384 \
        -artifact_prefix="$build/findings/$kind-" -print_final_stats=1 \
        "$corpus" "tests/fuzz/corpus/$kind" "$seeds" >"$log" 2>&1
    code=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ $code -eq 0 ]; then
        echo "ok $kind: ${runs:-0} runs"
    else
        failed=$((failed + 1))
        echo "== $kind: a finding after ${runs:-?} runs"
        grep -vE '^#[0-9]+.*(NEW|REDUCE|pulse)' "$log" | tail -n 60
    fi
done
echo "$# targets, $failed with findings"
[ $failed -eq 0 ]
