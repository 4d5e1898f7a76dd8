#!/bin/sh
# Runs test programs one after another and sums up. A program is a Check runner, whose closing line is
# "100%: Checks: 12, Failures: 0, Errors: 0"; lines "SKIP: what: why" count as skipped. The last line printed is
# "N passed, N failed, N skipped".
passed=0 failed=0 skipped=0 log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program in "$@"; do
    "$program" >"$log" 2>&1
    code=$?
    line=$(grep -E '^[0-9]+%: Checks: ' "$log" | tail -n 1)
    checks=$(echo "$line" | sed -n 's/.*Checks: \([0-9]*\),.*/\1/p')
    faults=$(echo "$line" | sed -n 's/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2/p')
    bad=0
    for n in $faults; do bad=$((bad + n)); done
    [ $code -ne 0 ] && [ $bad -eq 0 ] && bad=1
    [ -z "$checks" ] && checks=$bad
    passed=$((passed + checks - bad)) failed=$((failed + bad))
    skips=$(grep -c '^SKIP: ' "$log")
    skipped=$((skipped + skips))
    name=${program#"${BUILD:-build}"/tests/}
    if [ $bad -gt 0 ] || [ -z "$line" ] || [ -n "$T" ]; then
        echo "== $name (exit $code)"
        cat "$log"
    else
        echo "ok $name: $checks"
        grep '^SKIP: ' "$log"
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
