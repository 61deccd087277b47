#!/bin/bash
# What a program does that uses the official Python client, which is generated from Kubernetes' OpenAPI document and reads
# answers more strictly than kubectl does: it wants every required struct and list to be there.
# PYTHON is the interpreter (default: the first that has the module).
for PYTHON in ${PYTHON-} python3 /usr/bin/python3; do "$PYTHON" -c 'import kubernetes' 2>/dev/null && break || PYTHON=''; done
[ -n "$PYTHON" ] || { echo "1..0 # SKIP no python3 has the module kubernetes: install python3-kubernetes"; exit 77; }
export PYTHON
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG" || { not_ok "orilla kubeconfig"; finish; }
# It prints TAP lines itself; only their number and result are counted here.
while read -r line; do
  case $line in
  'ok '*) ok "${line#*- }" ;;
  'not ok '*) not_ok "${line#*- }" ;;
  '1..'*) ended=yes ;;
  *) echo "# $line" ;;
  esac
done < <(timeout 120 "$PYTHON" "$repository/test/client/python_client.py" 2>&1)
check_equal "the program came to its end" yes "${ended-}"
finish
