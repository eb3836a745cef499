#!/bin/sh
# Job 2 where the rollout has steps: approve the step that waits for it, and wait until the release is everywhere and well. The approval
# is made from approve.yaml of the repository.
#
#   job2-approve.sh REMOTE SECONDS
set -eu
. "$(dirname "$0")/lib.sh"
checkout "$1"

ask() { kubectl get -f rollout.yaml -o jsonpath="$1"; }
kubectl wait -f rollout.yaml --for=jsonpath='{.status.conditions[?(@.type=="Ready")].reason}'=AwaitingApproval --timeout="$2s" ||
    fail "Nothing to approve"
run=$(ask '{.status.run}') step=$(ask '{.status.step.name}')
kubectl patch --local -f approve.yaml --type=merge -o yaml -p "{
  \"metadata\": {\"name\": \"$(ask '{.metadata.name}')-$run-$step\"},
  \"spec\": {
    \"rolloutRef\": {\"name\": \"$(ask '{.metadata.name}')\", \"uid\": \"$(ask '{.metadata.uid}')\"}, \"run\": $run, \"step\": \"$step\",
    \"requestedBy\": \"$(kubectl auth whoami -o jsonpath='{.status.userInfo.username}')\"
  }}" >action.yaml
kubectl create -f action.yaml
kubectl wait -f action.yaml --for=condition=Accepted --timeout=60s || fail "The approval was not accepted"
await "$2"
