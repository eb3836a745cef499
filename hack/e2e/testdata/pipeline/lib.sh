# What the jobs have in common. They need git and kubectl, and a repository that holds kustomization.yaml and, in rollout.yaml, one
# VMSSRollout with its namespace.

# checkout REMOTE: get what is declared.
checkout() {
    git clone --quiet "$1" checkout
    cd checkout
}

# release PATCH MESSAGE: change what is declared by a JSON merge patch, commit it, and bring it to the cluster.
release() {
    kubectl patch --local -f rollout.yaml --type=merge -p "$1" -o yaml >rollout.new
    mv rollout.new rollout.yaml
    if ! git diff --quiet; then
        git commit --quiet --all --message="$2"
        git push --quiet
    fi
    kubectl apply -k .
}

# await SECONDS: wait until what is declared is there and well. A rollout that is stalled will not get there by itself.
await() {
    deadline=$(($(date +%s) + $1))
    until has Ready 2s; do
        if has Stalled 0s; then
            fail "The rollout is stalled"
        elif [ "$(date +%s)" -ge "$deadline" ]; then
            fail "Not ready after $1 s"
        fi
    done
    kubectl get -f rollout.yaml
}

# has CONDITION TIMEOUT: whether a condition is true of what is declared now. kubectl looks at observedGeneration.
has() {
    kubectl wait -f rollout.yaml --for=condition="$1" --timeout="$2" >/dev/null 2>&1
}

# fail WHY: say where the rollout stands, and fail the job.
fail() {
    echo "$1: $(kubectl get -f rollout.yaml -o jsonpath='{range .status.conditions[?(@.type=="Ready")]}{.reason}: {.message}{end}')" >&2
    exit 1
}
