#!/bin/bash
# Jobs and CronJobs on real pods, by both command lines, with kill -9 in the middle: each pod is counted once.
kubectls=${kubectls:-$("$(dirname "$0")/../support/kubectl.sh" | grep -E 'kubectl\.1\.(27|33)$')}
export kubectls
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
of() { o get job "$1" -o "jsonpath={$2}"; }
complete() { o wait "job/$1" --for=condition=complete "--timeout=${2:-30s}"; }

check "a Job is created by flags" o create job sum --image=busybox:1 -- sh -c 'echo $((40 + 2))'
check "it completes" complete sum
check_equal "its log is there by its name" 42 "$(o logs job/sum)"
check "get shows it" grep -qE '^sum +Complete +1/1 +[0-9]+s ' <(o get job sum)
check "describe shows it" grep -qE '^Pods Statuses: +0 Active \(0 Ready\) / 1 Succeeded / 0 Failed' <(o describe job sum)
check "its pod is let go" eval '[ -z "$(o get pods -l job-name=sum -o "jsonpath={.items[*].metadata.finalizers}")" ]'
check "it goes with its pod" o delete job sum
check "its pod is gone" within 10 eval '[ -z "$(o get pods -o name)" ]'
check_fails "a pod that is started again for ever is no Job's" 'valid values: "OnFailure", "Never"' o create -f - <<'Y'
apiVersion: batch/v1
kind: Job
metadata: {name: bad}
spec: {template: {spec: {containers: [{name: c, image: 'busybox:1'}]}}}
Y

cat >"$T/indexed.yaml" <<'Y'
apiVersion: batch/v1
kind: Job
metadata: {name: indexed}
spec:
  completions: 5
  parallelism: 2
  completionMode: Indexed
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: main, image: 'busybox:1', command: [sh, -c, 'echo $JOB_COMPLETION_INDEX $(hostname)']}
Y
check "an Indexed Job is applied" o apply -f "$T/indexed.yaml"
check "it completes, too" complete indexed
check_equal "all of its indexes are done" "0-4 5" "$(of indexed .status.completedIndexes) $(of indexed .status.succeeded)"
check_equal "each pod knew its number, and has it in its host's name" "0 indexed-0
1 indexed-1
2 indexed-2
3 indexed-3
4 indexed-4" "$(o logs -l job-name=indexed --max-log-requests=9 | sort)"

cat >"$T/policy.yaml" <<'Y'
apiVersion: batch/v1
kind: Job
metadata: {name: policy}
spec:
  podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: 'busybox:1', command: [sh, -c, 'exit 42']}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: late}
spec:
  activeDeadlineSeconds: 2
  template: {spec: {restartPolicy: Never, terminationGracePeriodSeconds: 1, containers: [{name: main, image: 'busybox:1', command: [sleep, '1000']}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: brief}
spec:
  ttlSecondsAfterFinished: 2
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: 'busybox:1', command: ['true']}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: deadline}
spec: {restartPolicy: Never, activeDeadlineSeconds: 2, terminationGracePeriodSeconds: 1, containers: [{name: main, image: 'busybox:1', command: [sleep, '1000']}]}
Y
check "Jobs that fail are applied" o apply -f "$T/policy.yaml"
check "a rule fails one at once" o wait job/policy --for=condition=failed --timeout=20s
check "it says which" grep -q 'failed with exit code 42 matching FailJob rule at index 0' <(of policy '.status.conditions[*].message')
check "a deadline fails one" o wait job/late --for=condition=failed --timeout=30s
check_equal "it says so" DeadlineExceeded "$(of late '.status.conditions[0].reason')"
check "a pod has a deadline of its own" within 20 eval '[ "$(o get pod deadline -o "jsonpath={.status.phase} {.status.reason}")" = "Failed DeadlineExceeded" ]'
check "one that has outlived its time to live is deleted" within 30 eval '! o get job brief'

# Forty pods, six at a time, and a daemon that is killed again and again.
cat >"$T/many.yaml" <<'Y'
apiVersion: batch/v1
kind: Job
metadata: {name: many}
spec:
  completions: 40
  parallelism: 6
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: 'busybox:1', command: [sleep, '0.2']}]}}
Y
check "a Job of many pods is applied" o apply -f "$T/many.yaml"
for ((kill = 0; kill < 4; kill++)); do
  sleep 1
  kill_orilla
  start_orilla
done
check "it completes although its daemon was killed four times" complete many 120s
check_equal "each pod is counted once" "40 40" "$(of many .status.succeeded) $(o get pods -l job-name=many --field-selector status.phase=Succeeded -o name | wc -l)"
check_equal "no pod is held" "" "$(o get pods -o 'jsonpath={.items[*].metadata.finalizers}')"

check "a CronJob is created by flags" o create cronjob tick --image=busybox:1 --schedule='* * * * *' -- echo tock
check_fails "a schedule that is none is refused" 'end of range (61) above maximum (59): 61' \
  o create cronjob bad --image=busybox:1 --schedule='61 * * * *'
check_fails "so is a time zone that is none" 'unknown time zone Mars/Base' o apply -f - <<'Y'
apiVersion: batch/v1
kind: CronJob
metadata: {name: bad}
spec:
  schedule: '@hourly'
  timeZone: Mars/Base
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: 'busybox:1'}]}}}}
Y
check "what it would make now is made by hand" o create job now --from=cronjob/tick
check "that completes" complete now
check_equal "it is the CronJob's" tick "$(of now '.metadata.ownerReferences[0].name')"
check "the minute comes" within 75 eval '[ -n "$(o get cronjob tick -o "jsonpath={.status.lastScheduleTime}")" ]'
check "its Job has its minute in its name" grep -qE '^job.batch/tick-[0-9]{8}$' <(o get jobs -o name)
check "describe shows its times" grep -qE '^Last Schedule Time: +[A-Z][a-z]{2}, ' <(o describe cronjob tick)
check "its Jobs go with it" o delete cronjob tick
check "they are gone" within 10 eval '! o get jobs -o name | grep -q tick'

# Stock kubectl, the oldest and a new one.
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG" || { not_ok "orilla kubeconfig"; finish; }
for program in $kubectls; do
  version=$("$program" version --client -o json | grep -o 'v1\.[0-9]*' | head -n 1)
  k() { timeout 90 "$program" --cache-dir="$T/cache-$version" "$@"; }
  check "kubectl $version: create job" k create job sum --image=busybox:1 -- echo "done"
  check "kubectl $version: wait" k wait job/sum --for=condition=complete --timeout=30s
  check_equal "kubectl $version: logs" "done" "$(k logs job/sum)"
  check "kubectl $version: get" grep -qE '^sum .* 1/1 ' <(k get jobs)
  check "kubectl $version: describe" grep -qE '^Pods Statuses: +0 Active \(0 Ready\) / 1 Succeeded / 0 Failed' <(k describe job sum)
  check "kubectl $version: delete job" k delete job sum --timeout=20s
  check "kubectl $version: its pod goes" within 10 eval '[ -z "$(k get pods -l job-name=sum -o name)" ]'
  check "kubectl $version: create cronjob" k create cronjob tick --image=busybox:1 --schedule='0 0 * * *' -- echo tock
  check "kubectl $version: create job --from" k create job now --from=cronjob/tick
  check "kubectl $version: that completes" k wait job/now --for=condition=complete --timeout=30s
  check "kubectl $version: get cronjob" grep -qE '^tick +0 0 \* \* \*' <(k get cronjobs)
  check "kubectl $version: describe cronjob" grep -qE '^Concurrency Policy: +Allow' <(k describe cronjob tick)
  check "kubectl $version: delete cronjob" k delete cronjob tick --timeout=20s
  check "kubectl $version: the Job goes with it" within 10 eval '! k get job now'
done
finish
