#!/bin/bash
# The house rules, their own tests, the page that is made from tables, what a kind costs, and shellcheck of every script, as TAP.
cd "$(dirname "$0")/../.." || exit 1
number=0 failed=0
check() { # NAME COMMAND...
  local name=$1 output
  shift
  number=$((number + 1))
  if output=$("$@" 2>&1); then echo "ok $number - $name"; else failed=1; printf 'not ok %d - %s\n%s\n' $number "$name" "$output"; fi
}
export PYTHONDONTWRITEBYTECODE=1
mapfile -t scripts < <(git ls-files | xargs -d '\n' grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell=' --)
check "the house rules are kept" python3 test/tidy/tidy.py
check "every rule refuses what it should" python3 test/tidy/tidy_test.py
check "shellcheck has nothing to say" shellcheck -x "${scripts[@]}"
mapfile -t sources < <(git ls-files src include test examples | grep -E '\.(cpp|hpp|c|h)$')
check "clang-format-14 has nothing to change" clang-format-14 --dry-run -Werror "${sources[@]}"
check "docs/api-support.md is what the tables say" python3 test/tidy/api_support.py
check "a kind costs nine files" test/tidy/kind_test.sh
exit $failed
