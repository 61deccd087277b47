#!/bin/bash
# Images as a person and as pods see them: pull, import, list, remove, prune through the daemon, imagePullPolicy, pull
# secrets, and the reasons that a pod gives when an image does not come. The registry runs on the box's own loopback.
. "$(dirname "$0")/../support/orilla_box.sh"

for program in docker-registry skopeo htpasswd; do
  command -v $program >/dev/null || { echo "1..0 # SKIP $program is not installed"; exit 77; }
done

open=127.0.0.1:5000 closed=127.0.0.1:5002
"$repository/examples/images/build.sh" -o "$images" busybox echo >&2
"$repository/test/support/registry.sh" plain 5000 "$T/registry" >"$T/registry.log" 2>&1 &
registries=$!
"$repository/test/support/registry.sh" htpasswd 5002 "$T/registry" >>"$T/registry.log" 2>&1 &
registries="$registries $!"
if ! within 20 curl -s http://$open/v2/ || ! within 20 curl -sk https://$closed/v2/; then
  not_ok "the registries start" "$(cat "$T/registry.log")"
  finish
fi
push() { skopeo --insecure-policy copy -q --dest-tls-verify=false "oci-archive:$images/$1.tar" "docker://$open/$2"; }
check "busybox is pushed" push busybox tools/busybox:1
check "echo is pushed" push echo tools/echo:1

cat >"$T/config.yaml" <<Y
registries:
- host: $open
  insecure: true
- host: $closed
  caFile: $T/registry/ca.crt
Y
start_orilla --config "$T/config.yaml"

reason() { o get pod "$1" -o "jsonpath={.status.containerStatuses[0].state.waiting.reason}"; }
message() { o get pod "$1" -o "jsonpath={.status.containerStatuses[0].state.waiting.message}"; }
phase() { o get pod "$1" -o 'jsonpath={.status.phase}'; }
says() { [[ $("$1" "$2") == *"$3"* ]]; }
pod() { # NAME IMAGE [POLICY [SECRET]]
  cat <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 1
  ${4:+imagePullSecrets: [{name: $4\}]}
  containers:
  - name: main
    image: "$2"
    command: [sleep, "1000"]
    ${3:+imagePullPolicy: $3}
Y
}
run() { pod "$@" >"$T/$1.yaml" && o apply -f "$T/$1.yaml"; }

# ---- what a person types --------------------------------------------------------------------------------------------------
check "image pull brings an image" o image pull $open/tools/busybox:1
check "image list shows it" eval 'o image list | grep -q "$open/tools/busybox"'
check "a second pull is fine" o image pull $open/tools/busybox:1
check_fails "a missing tag says so" "$open/tools/busybox:2: not found" o image pull $open/tools/busybox:2
check_fails "a missing repository says so" "not found" o image pull $open/no/such:1
check_fails "a registry that is not there says so" "127.0.0.1:1" o image pull 127.0.0.1:1/x:1
check_fails "a bad name says so" "must be lowercase" o image pull UPPER
check_fails "without a password nothing comes" "no basic auth credentials" o image pull $closed/tools/busybox:1
check_fails "what is no archive is refused" "neither an OCI image layout" eval 'tar -C /etc -cf "$T/etc.tar" hostname; o image import "$T/etc.tar"'
check "image import brings an archive" o image import "$images/busybox.tar"
check "image import takes a name" o image import --name mine:2 "$images/busybox.tar"
check "the given name is found" eval 'o image list | grep -q "mine"'

# ---- what pods say --------------------------------------------------------------------------------------------------------
check "a pod with an imported image is applied" run local busybox:1 Never
check "and runs without a registry" within 20 eval '[ "$(phase local)" = Running ]'
check "a pod that pulls is applied" run pulled $open/tools/busybox:1 Always
check "and runs" within 20 eval '[ "$(phase pulled)" = Running ]'
check "its events say Pulled" within 5 eval 'o describe pod pulled | grep -q Pulled'
check "its imageID names the digest" eval '[[ $(o get pod pulled -o "jsonpath={.status.containerStatuses[0].imageID}") == *@sha256:* ]]'
check_fails "an image in use is not removed" "in use" o image remove $open/tools/busybox:1
check_fails "not under its other name either" "in use" o image remove busybox:1
check "a name that no pod says is taken off" o image remove mine:2

run missing $open/tools/none:1 >/dev/null
check "an image that does not exist is ErrImagePull" within 20 eval '[[ $(reason missing) == ErrImagePull || $(reason missing) == ImagePullBackOff ]]'
check "then ImagePullBackOff" within 20 eval '[ "$(reason missing)" = ImagePullBackOff ]'
check "with the image's name in the message" says message missing "$open/tools/none:1"
check "and Failed events" within 5 eval 'o describe pod missing | grep -q "Failed to pull image"'
push busybox tools/none:1
check "once it is there the pod runs" within 40 eval '[ "$(phase missing)" = Running ]'

run never $open/tools/never:1 Never >/dev/null
check "a policy of Never is ErrImageNeverPull" within 20 eval '[ "$(reason never)" = ErrImageNeverPull ]'
run badname "Bad Name" >/dev/null
check "a bad name is InvalidImageName" within 20 eval '[ "$(reason badname)" = InvalidImageName ]'

run denied $closed/tools/busybox:1 >/dev/null
check "without a pull secret the pod waits" within 20 eval '[ "$(reason denied)" = ImagePullBackOff ]'
check "and says why" says message denied "no basic auth credentials"
config=$(printf '{"auths":{"%s":{"username":"user","password":"s3cret"}}}' $closed | base64 -w0)
cat >"$T/secret.yaml" <<Y
apiVersion: v1
kind: Secret
metadata: {name: login}
type: kubernetes.io/dockerconfigjson
data: {.dockerconfigjson: $config}
Y
check "a pull secret is made" o apply -f "$T/secret.yaml"
check "a pod with it is applied" run allowed $closed/tools/busybox:1 Always login
check "and runs" within 20 eval '[ "$(phase allowed)" = Running ]'

# ---- keeping --------------------------------------------------------------------------------------------------------------
check "an unused image comes" o image pull $open/tools/echo:1
kill_orilla
start_orilla --config "$T/config.yaml"
check "after a crash it is still there" eval 'o image list | grep -q "$open/tools/echo"'
check "prune takes what nothing uses" o image prune
check "that is the unused one" eval '! o image list | grep -q "tools/echo"'
check "and leaves what pods use" eval 'o image list | grep -q "$open/tools/busybox"'
check "and nothing else remains" eval '[ -z "$(ls "$T/data/images/work" "$T/data/images/blobs" | grep -v :)" ]'

stop_orilla
# shellcheck disable=SC2086
kill $registries
finish
