#!/bin/sh
# Runs test programs one after another and sums up. A program is a Check runner, whose closing line is
# "100%: Checks: 12, Failures: 0, Errors: 0"; lines "SKIP: what: why" count as skipped. With no single program asked for
# (T), the Python package's tests follow. The last line printed is "N passed, N failed, N skipped".
passed=0 failed=0 skipped=0 log=$(mktemp)
trap 'rm -f "$log"' EXIT

# count NAME CHECKS BAD: adds up, and shows the log of what failed.
count() {
    passed=$((passed + $2 - $3)) failed=$((failed + $3))
    skipped=$((skipped + $(grep -c '^SKIP: ' "$log")))
    if [ "$3" -gt 0 ] || [ -n "$T" ]; then
        echo "== $1"
        cat "$log"
    else
        echo "ok $1: $2"
        grep '^SKIP: ' "$log"
    fi
}

# check PROGRAM NAME: runs it and counts.
check() {
    "$1" >"$log" 2>&1
    code=$?
    line=$(grep -E '^[0-9]+%: Checks: ' "$log" | tail -n 1)
    checks=$(echo "$line" | sed -n 's/.*Checks: \([0-9]*\),.*/\1/p')
    bad=0
    for n in $(echo "$line" | sed -n 's/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2/p'); do bad=$((bad + n)); done
    { [ $code -ne 0 ] || [ -z "$line" ]; } && [ $bad -eq 0 ] && bad=1
    count "$2" "${checks:-$bad}" "$bad"
}

for program in "$@"; do
    name=${program#"${BUILD:-build}"/tests/}
    check "$program" "$name"
    # OpenBLAS picks its kernels when it is loaded: once more with those that every such processor has.
    [ "$name" = model/test_session ] && OPENBLAS_CORETYPE=Haswell check "$program" "$name (OPENBLAS_CORETYPE=Haswell)"
done

# The package is tested with the first Python that has NumPy, unless the library wants a sanitizer's runtime.
python() {
    for p in python3 /usr/bin/python3; do
        "$p" -c 'import numpy' 2>/dev/null && echo "$p" && return
    done
}
if [ -z "$T" ] && [ "${BUILD:-build}" = build ]; then
    p=$(python)
    if [ -z "$p" ]; then
        echo "SKIP: python: no Python with NumPy is installed" | tee "$log"
        skipped=$((skipped + 1))
    else
        PYTHONPATH=bindings/python "$p" -m unittest discover -s bindings/python/tests >"$log" 2>&1
        checks=$(sed -n 's/^Ran \([0-9]*\) tests.*/\1/p' "$log")
        bad=$(sed -n 's/^FAILED (\(.*\))/\1/p' "$log" | tr ',' '\n' | sed -n 's/.*\(failures\|errors\)=//p' |
            awk '{n += $1} END {print n + 0}')
        [ -z "$checks" ] && checks=1 bad=1
        count python "$checks" "$bad"
    fi
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
