#!/bin/bash
# Runs every fuzzer of a build with -Dfuzzers=true for a while, from the seeds of seeds.py, several at a time, as TAP.
# FUZZ_BUILD (build-test/clang) is that build, FUZZ_SECONDS (10) how long each runs. The inputs of FUZZ_CORPUS/NAME, when
# given, are seeds too and new ones are kept there. An input that fails is kept in the build's folder and named.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=$(realpath "${FUZZ_BUILD:-build-test/clang}")
seconds=${FUZZ_SECONDS:-10}
# Of one input. The clock is the wall's: on a busy machine a process may stand still for seconds.
input_seconds_max=20
memory_mb_max=1024
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mapfile -t sources < <(find test/fuzz -name '*_fuzz.cpp' -printf '%f\n' | sort)
test/fuzz/seeds.py "$work/seeds" || exit 1
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

fuzz() { # NAME: its output and exit status as files
  local corpus=${FUZZ_CORPUS:-$work/corpus}/$1
  mkdir -p "$corpus" "$work/seeds/$1" "$build/failed"
  # libFuzzer looks at its time between two inputs only.
  timeout --kill-after=5 $((seconds + 60)) "$build/test/fuzz/${1}_fuzz" -max_total_time="$seconds" \
    -timeout=$input_seconds_max -rss_limit_mb=$memory_mb_max -print_final_stats=1 -verbosity=1 \
    -artifact_prefix="$build/failed/$1-" "$corpus" "$work/seeds/$1" >"$work/$1.output" 2>&1 </dev/null
  echo $? >"$work/$1.status"
}

number=0 failed=0
report() { # NAME
  local runs
  number=$((number + 1))
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$1.output")
  if [ "$(<"$work/$1.status")" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
    echo "ok $number - ${1}_fuzz finds nothing in $seconds s ($runs inputs)"
  else
    failed=1
    echo "not ok $number - ${1}_fuzz ended with $(<"$work/$1.status")"
    tail -n 60 "$work/$1.output" | sed 's/^/# /'
  fi
}

for source in "${sources[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
  fuzz "${source%_fuzz.cpp}" &
done
wait
for source in "${sources[@]}"; do report "${source%_fuzz.cpp}"; done
echo "1..$number"
exit $failed
