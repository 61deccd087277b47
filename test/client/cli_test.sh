#!/bin/bash
# A tour with `orilla` itself: every verb with the flags people type, against a whole node. What kubectl has is said as
# kubectl says it.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
export -f o
cd "$T" || exit 1

# says NAME PATTERN COMMAND...: it succeeds, and what it prints matches the extended regular expression.
says() {
  local name=$1 pattern=$2 output
  shift 2
  if ! output=$("$@" 2>&1); then not_ok "$name" "$* -> $output"
  elif grep -qE -- "$pattern" <<<"$output"; then ok "$name"
  else not_ok "$name" "no '$pattern' in: $output"; fi
}
# prints NAME TEXT COMMAND...: its standard output is exactly this.
prints() {
  local name=$1 wanted=$2
  shift 2
  check_equal "$name" "$wanted" "$("$@" 2>/dev/null)"
}
# refuses NAME TEXT COMMAND...: exit status 1, and standard error is exactly this.
refuses() {
  local name=$1 wanted=$2 said status
  shift 2
  said=$("$@" 2>&1 >/dev/null)
  status=$?
  check_equal "$name" "1 $wanted" "$status $said"
}

command_line() {
  says "help lists the verbs" '^  rollout ' o help
  says "help tells a verb's flags" '--to-revision=NUMBER' o rollout undo --help
  says "a group lists its commands" '^  undo ' o help rollout
  says "a version" '^orilla [0-9]' o --version
  says "versions of client and server" '^Server Version: v1\.' o version
  refuses "a mistyped verb is told with the right one" $'error: unknown command "gte" for "orilla"\n\nDid you mean this?\n\tget' o gte pods
  refuses "an unknown flag" $'error: unknown flag: --nosuch\nSee \'orilla get --help\' for usage.' o get pods --nosuch
  refuses "a flag without its value" $'error: flag needs an argument: \'o\' in -o\nSee \'orilla get --help\' for usage.' o get pods -o
  check_fails "events refuses what wait takes" 'unknown flag: --timeout' o events --timeout=5s
  check_fails "wait refuses what events takes" 'unknown flag: --types' o wait pod/x --types=Normal
  check_fails "create configmap refuses an image" 'unknown flag: --image' o create configmap c --image=x
  check_fails "get without a type" 'Required resource not specified' o get
  refuses "an unknown type" "error: the server doesn't have a resource type \"nosuch\"" o get nosuch
  refuses "an unknown format" 'error: unable to match a printer suitable for the output format "nosuch", allowed formats are: custom-columns,json,jsonpath,name,wide,yaml' \
    o get pods -o nosuch
  check_fails "a kubectl verb that the server has not" '"exec" is not served by this version of Orilla' o exec web -- sh
  check_fails "a kubectl verb that orilla has not" 'use kubectl for this' o edit deploy/web
  check_fails "a mistyped flag is told with the right one" '--namespace' o get pods --namspace=x
  says "global flags in front of a verb" '^deployments ' o --socket "$socket" --request-timeout=5s -v 0 api-resources
  says "-v=6 tells the requests" 'GET http://orilla/version 200 OK in [0-9]+ milliseconds' o version -v=6
  says "what is served is asked of the server" 'GET http://orilla/apis 200 OK in [0-9]+ milliseconds' o api-resources -v=6
  says "api-resources" '^deployments +deploy +apps/v1 +true +Deployment' o api-resources
  prints "api-resources by scope" $'namespaces\nnodes\npersistentvolumes\ningressclasses.networking.k8s.io\npriorityclasses.scheduling.k8s.io\nstorageclasses.storage.k8s.io\ngatewayclasses.gateway.networking.k8s.io\nvolumesnapshotclasses.snapshot.storage.k8s.io\nvolumesnapshotcontents.snapshot.storage.k8s.io\nnodes.metrics.k8s.io' \
    o api-resources --namespaced=false -o name
  says "explain a field" 'FIELD: replicas <integer>' o explain deploy.spec.replicas
  says "a namespace does no harm where there is none" Namespace o explain -n default namespace
  says "explain tells the values of a field" '^    ClientIP$' o explain service.spec.sessionAffinity
  check_fails "explain what is not there" 'field "nosuch" does not exist' o explain pod.nosuch
  says "kubeconfig" 'client-key-data' o kubeconfig
  says "every command and flag for makers of manuals" '"path": "rollout undo"' o __commands
  says "check" 'everything that Orilla needs|limited' o check
}

# What is wrong with the way to the daemon: each has its own message, its errno, and what to do.
reach_it() {
  local s=$T/other.sock
  check_fails "a socket that is not there" "connect to $s: No such file or directory (ENOENT): the daemon has not made its socket" o get pods --socket "$s"
  python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$s"
  check_fails "a socket that nobody listens on" "connect to $s: Connection refused (ECONNREFUSED): nobody listens there" o get pods --socket "$s"
  rm "$s"
  python3 -c 'import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); time.sleep(60)' "$s" &
  local listener=$!
  within 5 test -S "$s"
  check_fails "a socket that we may not use" "Permission denied (EACCES): only root and the group orilla may" \
    setpriv --reuid=65534 --regid=65534 --clear-groups "$ORILLA" get pods --socket "$socket"
  check_fails "a daemon that does not answer" "no answer from $s within" o get pods --socket "$s" --request-timeout=300ms
  kill "$listener"
  wait "$listener" 2>/dev/null
  check_fails "a time limit that is none" 'Invalid timeout value' o get pods --request-timeout=soon
}

# An interactive bash that has sourced the script: what lines become when tabs are typed.
complete_lines() {
  tab() { python3 "$repository/test/client/tabs.py" "$ORILLA" "$@"; }
  o create namespace tabs >/dev/null
  o create configmap tab-one -n tabs >/dev/null
  touch tab.yaml
  prints "bash completes verbs, types, flags, values, files and names" "$(printf '%s\n' 'orilla describe ' 'orilla rollout restart resume ' \
    'orilla get deployments ' 'orilla get pods --output=json jsonpath= ' 'orilla get cm -o yaml ' 'orilla apply -f tab.yaml ' \
    'orilla get cm -n tabs tab-one ' 'orilla get cm --namespace=tabs ' 'orilla delete -n tabs configmap/tab-one ' \
    'orilla --socket tab.yaml ' 'orilla image remove docker.io/library/busybox:1 ')" \
    tab 'orilla desc\t' 'orilla rollout re\e*' 'orilla get depl\t' 'orilla get pods --output=js\e*' 'orilla get cm -o y\t' \
    'orilla apply -f tab.y\t' 'orilla get cm -n tabs tab\t' 'orilla get cm --namespace=ta\t' 'orilla delete -n tabs configmap/t\t' \
    'orilla --socket tab.y\t' 'orilla image remove docker.io/library/busyb\t'
  check_fails "completion for a shell that is none" 'One of these is needed: bash, zsh, fish' o completion powershell
  o delete namespace tabs --wait=false >/dev/null
  rm tab.yaml
}

write_kubeconfig() {
  local file=$T/home/.kube/config
  says "kubeconfig -o makes the directory" 'cluster, user and context "orilla" are in' o kubeconfig -o "$file"
  prints "its mode" 600 stat -c %a "$file"
  printf 'apiVersion: v1\nkind: Config\ncurrent-context: work\nclusters: [{name: work, cluster: {server: https://work}}]\n' >"$T/work.yaml"
  says "--merge keeps what is there" 'the current context there is still "work"' env KUBECONFIG="$T/work.yaml" "$ORILLA" kubeconfig --merge
  prints "both are there" 2 grep -c '^- cluster:' "$T/work.yaml"
  sed -i 's/certificate-authority-data: ./&x/' "$file"
  check_fails "another cluster of the name stays" 'has another cluster "orilla"' o kubeconfig -o "$file"
  says "--name puts it beside" '"box2"' o kubeconfig -o "$file" --name box2
}

# Nothing that a stranger wrote may move the cursor or change the colours of whoever looks at it.
show_strangers_texts() {
  printf '%s\n' 'apiVersion: v1' 'kind: Pod' 'metadata:' '  name: esc' '  annotations: {note: "\e[31mred\e[0m", csi: "\u009b31m", cr: "over\rwritten"}' \
    'spec:' '  restartPolicy: Never' '  terminationGracePeriodSeconds: 0' '  containers:' '  - name: main' '    image: "busybox:1"' \
    '    imagePullPolicy: IfNotPresent' '    env: [{name: TITLE, value: "\e]0;owned\a"}]' \
    '    command: [sh, -c, "printf \"\\\\033[31mlog\\\\n\"; printf \"\\\\033[2Jmessage\" >/dev/termination-log"]' >esc.yaml
  check "a pod with such texts" o apply -f esc.yaml
  check "it ends" within 20 eval '[ "$(o get pod esc -o "jsonpath={.status.phase}")" = Succeeded ]'
  wild() { LC_ALL=C grep -cP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]'; }
  o describe pod esc >described 2>&1
  check_equal "describe sends a terminal nothing that it obeys" 0 "$(wild <described)"
  prints "ESC as kubectl shows it" 1 grep -cF 'note: ^[[31mred^[[0m' described
  prints "CSI of eight bits" 1 grep -cF 'csi: ^[[31m' described
  prints "a carriage return" 1 grep -cF 'cr: over\rwritten' described
  prints "a value of the environment" 1 grep -cF '^[]0;owned^G' described
  prints "a termination message" 1 grep -cF '^[[2Jmessage' described
  prints "tables" $'NOTE\n^[[31mred^[[0m' o get pod esc -o custom-columns=NOTE:.metadata.annotations.note
  check_equal "JSON and YAML" 0 "$({ o get pod esc -o json; o get pod esc -o yaml; } | wild)"
  prints "a jsonpath stays what it is for programs" $'\e[31mred\e[0m' o get pod esc -o 'jsonpath={.metadata.annotations.note}'
  prints "a log stays what it is" $'\e[31mlog' o logs esc
  check_equal "what the server says" 0 "$({ o get pod $'\e[31mx'; o create deployment x --image=$'a\e[31m'; o get $'\e[31mx'; } 2>&1 | wild)"
  check_equal "a terminal gets no wild jsonpath" 0 "$(script -qec "$ORILLA get pod esc -o 'jsonpath={.metadata.annotations.note}'" /dev/null </dev/null | tr -d '\r' | wild)"
  o delete pod esc --now >/dev/null
}

# What cannot be written is told, and what cannot end is not read.
keep_limits() {
  to_nobody() {
    python3 -c 'import os, subprocess, sys
r, w = os.pipe()
os.close(r)
done = subprocess.run([sys.argv[2], "get", "ns", *sys.argv[3:]], stdout=w, stderr=subprocess.PIPE, text=True, restore_signals=sys.argv[1] == "True", timeout=20)
print(done.returncode, done.stderr.strip())' "$1" "$ORILLA" "${@:2}"
  }
  refuses "a full disk" 'error: write standard output: No space left on device' eval 'o get ns -o json >/dev/full'
  refuses "a closed standard output" 'error: write standard output: Bad file descriptor' eval 'o get ns >&-'
  prints "a pipe that nobody reads ends it as it ends kubectl" '-13 ' to_nobody True
  prints "and is told where SIGPIPE is ignored" '1 error: write standard output: Broken pipe' to_nobody False
  prints "a watch ends, too" '1 error: write standard output: Broken pipe' to_nobody False -w
  refuses "endless standard input" 'error: standard input has more than 8 MiB, the most that is read' eval 'yes "a: b" | o apply -f -'
  refuses "an endless file" 'error: /dev/zero has more than 8 MiB, the most that is read' o create -f /dev/zero
  refuses "an endless file for a key" 'error: /dev/zero has more than 4 MiB, the most that is read' o create configmap x --from-file=a=/dev/zero
  check_fails "an endless configuration" '/dev/zero has more than 8 MiB' o serve --config /dev/zero
}

tls_secret() { echo "$(o get secret cert -o 'jsonpath={.type}') $(o get secret cert -o json | grep -oE 'tls\.(crt|key)' | paste -sd,)"; }

create_things() {
  mkdir -p conf/below manifests/below
  echo one >conf/a.txt
  echo two >conf/b
  echo three >conf/below/c
  ln -s a.txt conf/link
  printf '# comment\nA=1\nB=x=y\n' >settings.env
  says "create namespace" 'namespace/tour created' o create namespace tour
  says "configmap from a directory" 'configmap/dir created' o create configmap dir --from-file=conf
  prints "it has the regular files" '{"a.txt":"one\n","b":"two\n"}' o get configmap dir -o 'jsonpath={.data}'
  check "configmap from files, keys and literals" o create configmap mixed --from-file=k=conf/b --from-file=conf/a.txt --from-literal=l=v
  prints "it has them all" '{"a.txt":"one\n","k":"two\n","l":"v"}' o get configmap mixed -o 'jsonpath={.data}'
  check "configmap from an env file" o create configmap env --from-env-file=settings.env
  prints "it has its lines" '{"A":"1","B":"x=y"}' o get configmap env -o 'jsonpath={.data}'
  refuses "a key given twice" 'error: cannot add key "a", another key by that name already exists in Data for ConfigMap "x"' \
    o create configmap x --from-literal=a=1 --from-literal=a=2
  refuses "a key of two sources" 'error: cannot add key "b", another key by that name already exists in Data for ConfigMap "x"' \
    o create configmap x --from-literal=b=1 --from-file=conf
  touch 'conf/bad name'
  check_fails "a file name that is no key" '"bad name" is not a valid key name' o create configmap x --from-file=conf
  refuses "what is there" 'error: failed to create configmap: configmaps "env" already exists' o create configmap env
  check "secret" o create secret generic secret --from-literal=p=geheim
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=a -keyout a.key -out a.crt 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out b.key
  check "secret of a certificate" o create secret tls cert --cert=a.crt --key=a.key
  prints "its type and keys" 'kubernetes.io/tls tls.crt,tls.key' tls_secret
  check_fails "a key of another certificate" 'b.key does not belong to the first certificate in a.crt' o create secret tls c --cert=a.crt --key=b.key
  check "secret for a registry" o create secret docker-registry pull --docker-server=reg:5000 --docker-username=u --docker-password=p
  prints "its type" kubernetes.io/dockerconfigjson o get secret pull -o 'jsonpath={.type}'
  check_fails "a login that is no JSON" 'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be a JSON object' \
    o create secret generic pull2 --type=kubernetes.io/dockerconfigjson --from-literal=.dockerconfigjson=nojson
  prints "it is base64" Z2VoZWlt o get secret secret -o 'jsonpath={.data.p}'
  says "a dry run keeps nothing" 'configmap/dry created \(dry run\)' o create configmap dry --dry-run=client
  says "nor does the server's" 'configmap/dry created \(server dry run\)' o create configmap dry --dry-run=server
  refuses "really" 'Error from server (NotFound): configmaps "dry" not found' o get configmap dry
  says "service" 'service/web created' o create service clusterip web --tcp=80:8080
  prints "its port" '80 8080' o get service web -o 'jsonpath={.spec.ports[0].port} {.spec.ports[0].targetPort}'
}

apply_things() {
  cat >manifests/web.yaml <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: main, image: 'busybox:1', imagePullPolicy: IfNotPresent, command: [sh, -c, 'echo hello from main; exec sleep 1000']}
      - {name: side, image: 'busybox:1', imagePullPolicy: IfNotPresent, command: [sh, -c, 'echo hello from side; exec sleep 1000']}
Y
  echo '{apiVersion: v1, kind: ConfigMap, metadata: {name: below}}' >manifests/below/cm.yaml
  echo 'no manifest' >manifests/notes.txt
  prints "apply a directory" 'deployment.apps/web created' o apply -f manifests
  prints "and those below it" $'configmap/below created\ndeployment.apps/web unchanged' o apply -R -f manifests
  prints "standard input" 'configmap/below unchanged' eval 'o apply -f - <manifests/below/cm.yaml'
  echo '{apiVersion: v1, kind: Secret, metadata: {name: again, creationTimestamp: null, labels: {}}, stringData: {a: b}}' >again.yaml
  prints "apply what cannot be read back" 'secret/again created' o apply -f again.yaml
  prints "a second time nothing changes" 'secret/again unchanged' o apply -f again.yaml
  prints "apply says so on a dry run" 'deployment.apps/web configured (dry run)' o apply -f manifests --dry-run=client
  refuses "a file that is not there" 'error: the path "nosuch" does not exist' o apply -f nosuch
  refuses "a directory without manifests" 'error: error reading [conf]: recognized file extensions are [.json .yaml .yml]' o apply -f conf
  check_fails "prune wants to know what it may take" "without explicitly passing --all" o apply -f manifests --prune
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, labels: {of: pruned}}\n---\n' one two >set.yaml
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, labels: {of: pruned}}\n' >less.yaml
  prints "apply a set" $'configmap/one created\nconfigmap/two created' o apply -f set.yaml --prune -l of=pruned
  prints "prune says what it would take" $'configmap/one configured (dry run)\nconfigmap/two pruned (dry run)' o apply -f less.yaml --prune -l of=pruned --dry-run=client
  prints "kinds that it is not told of stay" 'configmap/one unchanged' o apply -f less.yaml --prune -l of=pruned --prune-allowlist=core/v1/Secret
  o create configmap three >/dev/null && o label configmap three of=pruned >/dev/null
  prints "prune takes what was applied and is in the file no more" $'configmap/one unchanged\nconfigmap/two pruned' o apply -f less.yaml --prune -l of=pruned
  prints "and nothing else" $'configmap/one\nconfigmap/three' o get configmap -l of=pruned -o name
  o delete configmap -l of=pruned >/dev/null
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndat: {}\n' >bad.yaml
  printf 'apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec:\n  type: Bad\n  ports:\n  - port: 0\n' >twice.yaml
  prints "each of several causes once" $'twice.yaml:5\ntwice.yaml:7\ntwice.yaml:7' eval 'o apply -f twice.yaml 2>&1 | cut -d : -f -2'
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cut}\ndata:\n  k: "ends here\n' >cut.yaml
  refuses "a file that was cut off" 'cut.yaml:5: the text that begins with " does not end: the closing " is missing' o apply -f cut.yaml
  printf 'a: b\n\tc: d\n' >tabbed.yaml
  refuses "a tab" 'tabbed.yaml:2: there is a tab in the indentation: YAML takes only blanks there' o apply -f tabbed.yaml
  printf 'apiVersion: v1\nkind: %s\nmetadata: {name: x}\n---\n' Gadget ConfigMap Widget >kinds.yaml
  refuses "every kind that is not served" "$(printf 'kinds.yaml:%s: error: resource mapping not found: no matches for kind "%s" in version "v1"\n' 1 Gadget 9 Widget)" \
    o apply -f kinds.yaml
  refuses "nothing of the file is made" 'Error from server (NotFound): configmaps "x" not found' o get cm x
  refuses "an unknown field, with its line" 'bad.yaml:4: unknown field "dat"' o apply -f bad.yaml
  refuses "one warning with --validate=warn" '' eval '! o apply -f bad.yaml --validate=warn 2>warned'
  prints "it says which field" 'Warning: unknown field "dat"' cat warned
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n---\n' ok1 No_Name ok2 >several.yaml
  check_fails "one bad object" 'several.yaml:7: metadata.name: Invalid value: "No_Name"' o apply -f several.yaml
  prints "changes nothing of the others either" '' o get cm -l '!none' -o name --field-selector=metadata.name=ok1
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n---\n' ok1 ok2 >several.yaml
  prints "all of them good" $'configmap/ok1 created\nconfigmap/ok2 created' o apply -f several.yaml
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ok1}\ndata: {k: new}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: Bad}\n' >several.yaml
  check_fails "a forbidden change" 'several.yaml:9: spec.type: Unsupported value: "Bad"' o apply -f several.yaml
  prints "keeps what is there" '' o get cm ok1 -o 'jsonpath={.data.k}'
}

look_around() {
  prints "rollout status" 'deployment "web" successfully rolled out' eval 'o rollout status deploy/web --timeout=60s | tail -n 1'
  prints "get names several types, each with its table" \
    $'NAME READY\ndeployment.apps/web 2/2\n\nNAME TYPE\nservice/web ClusterIP' eval "o get deploy/web svc/web | awk '{print \$1 (NF ? \" \" : \"\") \$2}'"
  prints "one header for several names" $'NAME\nok1\nok2' eval "o get cm ok1 ok2 | sed 's/ .*//'"
  refuses "each missing one is told" \
    $'Error from server (NotFound): configmaps "x" not found\nError from server (NotFound): configmaps "y" not found' o get cm x ok1 y
  prints "what is there is shown all the same" $'NAME\nok1' eval "o get cm x ok1 y | sed 's/ .*//'"
  prints "as names too" 'configmap/ok1' o get cm x ok1 -o name
  check "unless missing ones are fine" o get cm x --ignore-not-found
  refuses "a name beside a selector" 'error: name cannot be provided when a selector is specified' o get cm ok1 -l a=b
  refuses "a name in all namespaces" 'error: a resource cannot be retrieved by name across all namespaces' o get cm ok1 -A
  says "nothing there" 'No resources found in tour namespace.' o get pods -n tour
  says "-A shows namespaces" '^default +web-' o get pods -A
  says "-o wide" '10\.42\.0\.[0-9]+ +node' o get pods -o wide
  prints "--field-selector" 2 eval 'o get pods --field-selector=status.phase=Running -o name | wc -l'
  prints "-l" 0 eval 'o get pods -l "app notin (web)" -o name 2>/dev/null | wc -l'
  says "--show-kind" '^pod/web-' o get pods -l app=web --show-kind
  says "-L and --show-labels" 'APP +LABELS$' o get pods -L app --show-labels
  prints "--no-headers" 2 eval 'o get pods --no-headers | wc -l'
  prints "--sort-by" $'ok1\nok2' eval "o get cm --sort-by=.metadata.name --no-headers | grep -o '^ok.'"
  prints "custom columns" $'N     R\nweb   2' o get deploy -o custom-columns=N:.metadata.name,R:.spec.replicas
  prints "a jsonpath with a range" $'ok1\nok2' o get cm ok1 ok2 -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}'
  says "yaml" '^  creationTimestamp: "20' o get cm ok1 -o yaml
  prints "json has its keys in order" $'{\n    "apiVersion": "v1",\n    "kind": "ConfigMap",\n    "metadata": {' eval 'o get cm ok1 -o json | head -n 4'
  prints "get -f" deployment.apps/web o get -f manifests -o name
  says "get --raw" gitVersion o get --raw /version
  says "describe" 'ScalingReplicaSet' o describe deploy/web
  says "describe what begins with a name" '^Name: +web-' o describe pod web-
  says "events, oldest first" 'LAST SEEN +TYPE +REASON +OBJECT +MESSAGE' o events
  says "events about one object" 'Deployment/web' o events --for deploy/web --types=Normal
  says "no events" 'No events found in tour namespace.' o events -n tour
  refuses "a type of event that is none" 'error: valid --types are Normal or Warning' o events --types=Nosuch
}

read_logs() {
  check "they wrote" within 10 eval 'o logs deploy/web --all-containers 2>/dev/null | grep -q "from side"'
  says "logs choose a container and say so" 'Defaulted container "main" out of: main, side' o logs deploy/web
  prints "logs of a pod with its type" 'hello from side' eval 'o logs "$(o get pods -l app=web -o name | head -n 1)" -c side'
  prints "logs -c" 'hello from side' o logs deploy/web -c side
  prints "all containers with a prefix" $'main] hello from main\nside] hello from side' eval "o logs deploy/web --all-containers --prefix | sed 's|.*/||'"
  prints "logs -l" 4 eval 'o logs -l app=web --all-containers | wc -l'
  prints "--all-pods" 2 eval 'o logs deploy/web --all-pods 2>/dev/null | wc -l'
  says "--timestamps" '^20[0-9]{2}-.*hello' o logs deploy/web -c main --timestamps --tail=1 --since=1h
  prints "--tail=0" '' o logs deploy/web -c main --tail=0
  prints "--limit-bytes" hello o logs deploy/web -c main --limit-bytes=5
  check_fails "a container that is not there" 'container nosuch is not valid for pod web-' o logs deploy/web -c nosuch
  refuses "a pod that is not there" 'error: error from server (NotFound): pods "nosuch" not found in namespace "default"' o logs nosuch
  check_fails "a duration that is none" 'invalid argument "bad" for "--since" flag' o logs deploy/web --since=bad
  o logs -f -l app=web --all-containers >followed 2>&1 &
  local follower=$!
  check "logs -f follows every one of them" within 10 eval '[ "$(grep -c hello followed)" = 4 ]'
  kill "$follower" 2>/dev/null
  wait "$follower" 2>/dev/null
}

change_things() {
  prints "label" 'deployment.apps/web labeled' o label deploy web tier=front
  prints "label again" 'deployment.apps/web not labeled' o label deploy web tier=front
  refuses "a label that is there" "error: 'tier' already has a value (front), and --overwrite is false" o label deploy web tier=back
  prints "--overwrite" 'deployment.apps/web labeled' o label deploy web tier=back --overwrite
  prints "--list" $'app=web\ntier=back' eval 'o label deploy web --list | sort'
  prints "remove one" $'label "nosuch" not found.\ndeployment.apps/web unlabeled' o label deploy web tier- nosuch-
  prints "--all" 2 eval 'o label pods --all x=y | grep -c labeled'
  prints "annotate" 'deployment.apps/web annotated' o annotate deploy/web note=hello
  prints "annotate -f" 'deployment.apps/web annotated' o annotate -f manifests note-
  refuses "nothing to change" 'error: at least one annotate update is required' o annotate deploy web
  prints "scale" 'deployment.apps/web scaled' o scale deploy/web --replicas=3 --timeout=30s
  refuses "scale with a wrong number before" 'error: Expected replicas to be 9, was 3' o scale deploy web --replicas=1 --current-replicas=9
  refuses "scale without a number" 'error: required flag(s) "replicas" not set' o scale deploy web
  prints "scale on a dry run" 'deployment.apps/web scaled (server dry run)' o scale deploy web --replicas=7 --dry-run=server
  prints "changes nothing" 3 o get deploy web -o 'jsonpath={.spec.replicas}'
  prints "scale back" 'deployment.apps/web scaled' o scale deploy web --replicas=1
}

roll_out() {
  sed -i 's/hello from main/hello again/' manifests/web.yaml
  prints "a new revision" 'deployment.apps/web configured' o apply -f manifests
  check "it rolls out" o rollout status deploy/web --timeout=60s
  says "history" '^2 +<none>' o rollout history deploy/web
  says "details of a revision" 'hello from main' o rollout history deploy/web --revision=1
  prints "undo" 'deployment.apps/web rolled back' o rollout undo deploy/web
  check "it is the next revision" within 10 eval '[ "$(o rollout history deploy/web | grep -c "^3 ")" = 1 ]'
  prints "undo to where it is" 'deployment.apps/web skipped rollback (current template already matches revision 3)' o rollout undo deploy/web --to-revision=3
  refuses "a revision that is not there" 'error: unable to find specified revision 9 in history' o rollout undo deploy/web --to-revision=9
  prints "pause" 'deployment.apps/web paused' o rollout pause deploy/web
  refuses "nor to be shown" 'error: unable to find the specified revision' o rollout history deploy/web --revision=9
  refuses "pause twice" 'error: deployments.apps "web" is already paused' o rollout pause deploy/web
  check_fails "restart while paused" "can't restart paused deployment" o rollout restart deploy/web
  prints "resume" 'deployment.apps/web resumed' o rollout resume deploy/web
  prints "restart" 'deployment.apps/web restarted' o rollout restart deploy/web
  check "it rolls out" o rollout status deploy/web --timeout=60s
  refuses "a kind without rollouts" 'error: no status viewer has been implemented for Service' o rollout status svc/web
}

wait_for() {
  prints "wait for a condition in any case" 'deployment.apps/web condition met' o wait deploy/web --for=condition=available --timeout=30s
  prints "wait for a value" 'deployment.apps/web condition met' o wait deploy/web '--for=jsonpath={.status.readyReplicas}=2' --timeout=30s
  refuses "wait in vain" 'error: timed out waiting for the condition on deployments/web' o wait deploy/web --for=condition=Nosuch --timeout=1s
  refuses "wait for what is not there" 'Error from server (NotFound): pods "nosuch" not found' o wait pod/nosuch --for=condition=Ready
  refuses "wait for nothing" 'error: unrecognized condition: ""' o wait deploy/web
  prints "what is gone already" '' o wait pod/nosuch --for=delete
  o wait cm/late --for=create --timeout=30s >created 2>&1 &
  local waiter=$!
  sleep 0.3
  o create configmap late >/dev/null
  wait "$waiter"
  check_equal "wait for what comes" 'configmap/late condition met' "$(cat created)"
}

watch_things() {
  o get cm -w -o name >watched 2>&1 &
  local watcher=$!
  check "get -w begins with what is there" within 5 grep -q configmap/ok1 watched
  o create configmap seen >/dev/null
  check "and goes on" within 5 grep -q configmap/seen watched
  kill "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
  o get cm --watch-only -o name >watched 2>&1 &
  watcher=$!
  within 5 eval 'o label cm seen n=$RANDOM --overwrite >/dev/null; grep -q configmap/seen watched'
  prints "--watch-only shows changes only" 0 grep -c configmap/ok1 watched
  kill "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
}

delete_things() {
  prints "delete on a dry run" 'configmap "seen" deleted (server dry run)' o delete cm seen --dry-run=server
  prints "delete goes on after what is missing" 'configmap "seen" deleted' o delete cm nosuch seen
  refuses "and tells it" 'Error from server (NotFound): configmaps "nosuch" not found' o delete cm nosuch late
  prints "--ignore-not-found" '' o delete cm nosuch --ignore-not-found
  refuses "delete without a name" 'error: resource(s) were provided, but no name was specified' o delete cm
  refuses "--now with --grace-period" 'error: --now and --grace-period cannot be specified together' o delete cm ok1 --now --grace-period=5
  refuses "a cascade that is none" 'error: invalid cascade value (x). Must be "background", "foreground", or "orphan"' o delete cm ok1 --cascade=x
  prints "delete -f" 'deployment.apps "web" deleted' o delete -f manifests --cascade=foreground --timeout=60s
  check "its pods are gone" within 30 eval '[ -z "$(o get pods -o name 2>/dev/null)" ]'
  prints "-o name" configmap/ok1 o delete cm/ok1 -o name
  says "delete -l" 'No resources found' o delete cm -l nosuch=x
  says "delete --all" 'configmap "ok2" deleted' o delete cm --all
  says "--force warns" 'Immediate deletion does not wait' o delete secret secret --force
  prints "delete a namespace and wait" 'namespace "tour" deleted' o delete ns tour --timeout=60s
  refuses "it is gone" 'Error from server (NotFound): namespaces "tour" not found' o get ns tour
}

keep_images() {
  says "image list" '^docker.io/library/busybox:1 ' o image list
  says "image import" '^imported ' o image import -q --name mine:1 "$images/busybox.tar"
  prints "no progress where there is no terminal" 'imported docker.io/library/mine:1' eval 'o image import --name mine:1 "$images/busybox.tar" 2>&1'
  says "an import on a terminal says that it reads" 'reading' script -qec "$ORILLA image import --name mine:1 '$images/busybox.tar'" /dev/null
  prints "and never that it downloads" 0 eval 'script -qec "$ORILLA image import --name mine:1 $images/busybox.tar" /dev/null | grep -c downloading'
  prints "image remove" 'removed mine:1' o image remove mine:1
  check_fails "what is not there" 'nosuch' o image remove nosuch:1
  check_fails "image without a word" 'needs one of its commands' o image
  says "image prune" 'removed$' o image prune
}

for part in command_line reach_it write_kubeconfig complete_lines create_things apply_things show_strangers_texts keep_limits look_around read_logs change_things roll_out wait_for watch_things delete_things keep_images; do
  $part
done
finish
