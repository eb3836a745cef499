# Everything a person or a pipeline runs. `make help` lists it.
SHELL := /usr/bin/env bash -euo pipefail
.DEFAULT_GOAL := help

SAMPLE   ?= 1500
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
IMAGE    ?= ghcr.io/vmss-rollouts/manager:$(VERSION)
TOOL     := go tool -modfile=hack/tools/go.mod
KUBECTL  := bin/k8s/kubectl
FIGURES  := $(CURDIR)/bin/figures
EVENTS   := $(CURDIR)/bin/events
GOTEST   := $(TOOL) gotestsum --format standard-quiet --hide-summary skipped
COUNT    ?= 50
STATES   ?= 1000000
PARTS    ?= a,b,d,canary
FUZZTIME ?= 30s
export KUBEBUILDER_ASSETS := $(CURDIR)/bin/k8s
export REQUIRE_ENVTEST := 1

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*##/ {printf "  %-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ See it
.PHONY: demo
demo: k8s ## Set everything up and show real rollouts, end to end. DEMO_KEEP=1 leaves it running.
	@go run ./hack/demo

.PHONY: walkthrough
walkthrough: k8s ## Run today's practice with the Azure CLI, then the same as a VMSSRollout, and compare. PARTS=a,b,d,canary
	@hack/walkthrough/get-az
	@REQUIRE_AZ=1 go test -count=1 -run TestCLI ./hack/azuresim
	@go run ./hack/walkthrough -parts "$(PARTS)"

.PHONY: walkthrough-docs
walkthrough-docs: k8s ## The same, and write what was seen into docs/walkthrough.md.
	@hack/walkthrough/get-az
	@go run ./hack/walkthrough -write docs/walkthrough.md

##@ Build
.PHONY: build
build: ## Build the manager and the simulator into bin/.
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/manager .
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/azuresim ./hack/azuresim

.PHONY: sim-release
sim-release: ## Build the simulator for all platforms into bin/release/.
	@mkdir -p bin/release
	@for platform in linux-amd64 linux-arm64 darwin-amd64 darwin-arm64; do \
	  CGO_ENABLED=0 GOOS=$${platform%-*} GOARCH=$${platform#*-} \
	  go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/release/azuresim-$$platform ./hack/azuresim; \
	done
	@cd bin/release && sha256sum azuresim-*-* > azuresim.sha256

.PHONY: run
run: ## Run the manager against the cluster of the current kubeconfig.
	go run . $(ARGS)

.PHONY: docker-build
docker-build: ## Build the container image (needs a Docker daemon).
	docker build --build-arg VERSION=$(VERSION) -t $(IMAGE) .

##@ Install
.PHONY: install
install: k8s ## Install the CRDs into the cluster of the current kubeconfig.
	$(KUBECTL) apply --server-side -k config/crd

# An API server that was never asked for the objects of a kind cannot list them at once, and then deletes the CRD when it looks again,
# which may be five minutes later. So it is asked for them before.
.PHONY: uninstall
uninstall: k8s ## Remove the CRDs from that cluster. Refused while a VMSSRollout exists.
	@left=$$($(KUBECTL) get vmssrollouts.rollouts.vmss.dev --all-namespaces --no-headers --ignore-not-found); \
	test -z "$$left" || { echo "uninstall: these VMSSRollouts exist; delete them first, while the manager runs:"; echo "$$left"; exit 1; }
	@$(KUBECTL) get rolloutactions.rollouts.vmss.dev,checktemplates.rollouts.vmss.dev --all-namespaces > /dev/null
	$(KUBECTL) delete --ignore-not-found -k config/crd

.PHONY: deploy
deploy: k8s ## Install the CRDs, the roles and the manager with the image IMAGE.
	@mkdir -p bin/deploy && hack/deployment "$(IMAGE)" > bin/deploy/kustomization.yaml
	$(KUBECTL) apply --server-side -k bin/deploy

.PHONY: undeploy
undeploy: k8s ## Remove the manager, its roles and policies. CRDs, rollouts and scale sets stay.
	$(KUBECTL) delete --ignore-not-found -k config/controller
	@echo
	@echo "The CRDs, the namespace vmss-rollouts-system and all VMSSRollouts stay. Scale sets are not touched."
	@echo "To see the rollouts:     kubectl get vmssrollouts --all-namespaces"
	@echo "To remove everything:    make deploy, then delete the rollouts and wait until they are gone (with onDelete: Rollback,"
	@echo "                         deletion rolls the scale set back first), then make undeploy uninstall, then"
	@echo "                         kubectl delete namespace vmss-rollouts-system"

##@ Generate
.PHONY: generate
generate: ## Write deep copies, CRD, role and API reference from the Go code.
	$(TOOL) controller-gen object paths=./api/...
	$(TOOL) controller-gen crd paths=./api/... output:crd:dir=config/crd/bases
	@go run ./hack/crdlines config/crd/bases/*.yaml
	@go run ./hack/armmembers internal/azuresim/vmprofile/members.txt
	$(TOOL) controller-gen rbac:roleName=manager-role paths=./controllers/... output:rbac:dir=config/rbac
	$(TOOL) crd-ref-docs --log-level=ERROR --config=hack/docs/reference.yaml --source-path=api/v1alpha1 --renderer=markdown --output-path=docs/reference/v1alpha1.md

.PHONY: fmt
fmt: ## Format the code.
	gofmt -w $$(git ls-files '*.go')

##@ Check
.PHONY: verify
verify: k8s ## Regenerate, lint, vet, and fail if anything differs from what is committed.
	$(MAKE) generate
	go mod tidy
	go vet ./...
	$(MAKE) lint
	$(KUBECTL) kustomize config/default >/dev/null
	@go run ./hack/subjects
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@test -z "$$(git status --porcelain)" || { echo "verify left a dirty tree; commit what it regenerated:"; git status --porcelain; git diff | head -50; exit 1; }
	@echo "verify: clean"

.PHONY: lint
lint: ## Run the linters, over the API with the Kubernetes API rules as well.
	$(TOOL) golangci-lint run --timeout 15m ./...
	$(TOOL) golangci-lint-kube-api-linter run --timeout 15m -c .golangci-kal.yml ./api/...

# The end-to-end tests wait most of the time, so they begin first and the others compute beside them. Programs and control planes of tests
# are small and short-lived: to collect their garbage as often as usual takes a third of the CPU.
.PHONY: test
test: k8s ## Run every test: unit, random worlds, recordings, real apiserver, end to end. The long ones try a sample; see test-deep.
	@hack/e2e/get-prometheus
	@rm -rf $(FIGURES) $(EVENTS); mkdir -p $(EVENTS); began=$$(date +%s); export FIGURES_FILE=$(FIGURES); status=0; \
	packages="./hack/e2e ./hack/demo $$(go list ./... | grep -v -e /hack/e2e -e /hack/demo)"; \
	$(GOTEST) --jsonfile $(EVENTS)/tests.json -- -timeout 25m -p 3 -exec "env GOGC=400 GOMEMLIMIT=1GiB" $$packages || status=$$?; \
	go run ./hack/slowest $(EVENTS)/tests.json || status=$$?; \
	echo "figure: seconds $$(( $$(date +%s) - began ))" >> $(FIGURES); \
	echo "figure: faults_tested $$(sed -n 's/^fault: \([0-9]*\) .*/\1/p' $(FIGURES) | sort -u | wc -l)" >> $(FIGURES); \
	echo; sort -u $(FIGURES) | grep '^figure: '; \
	grep -q recordings_judged $(FIGURES) || echo "SKIPPED: the simulator was judged by no recording, since there are none here"; \
	exit $$status

.PHONY: test-deep
test-deep: k8s ## Run the long tests at full length: 100,000 random worlds, millions of model states, all kills, 200 mutants. Takes about an hour.
	@rm -f $(FIGURES); export FIGURES_FILE=$(FIGURES); status=0; \
	TEST_DEEP=1 go test -timeout 0 ./internal/rollout/... ./internal/conditions || status=$$?; \
	TEST_DEEP=1 go test -timeout 60m -run TestKills ./hack/e2e || status=$$?; \
	hack/walkthrough/get-az && REQUIRE_AZ=1 go test -count=1 -run TestCLI ./hack/azuresim || status=$$?; \
	$(MAKE) mutants SAMPLE=200 || status=$$?; \
	echo; sort -u $(FIGURES) | grep '^figure: '; exit $$status

.PHONY: test-unit
test-unit: ## Run the tests that need no apiserver and no processes of their own.
	go test -short ./api/... ./internal/... ./pkg/... ./hack/metric/...

.PHONY: test-race
test-race: k8s ## Run the unit and apiserver tests with the race detector.
	go test -race -timeout 25m ./api/... ./controllers/... ./internal/... ./pkg/...

.PHONY: test-e2e
test-e2e: k8s ## Run the end-to-end tests only.
	@hack/e2e/get-prometheus
	@rm -f $(FIGURES); export FIGURES_FILE=$(FIGURES); status=0; \
	go test -timeout 25m -v ./hack/e2e/... || status=$$?; \
	echo; sort -u $(FIGURES) || true; exit $$status

.PHONY: deflake
deflake: k8s ## Run the unit tests COUNT times (50) to find flakes.
	go test -short -count=$(COUNT) -timeout 60m ./api/... ./internal/...

.PHONY: fuzz
fuzz: ## Fuzz the core and the simulator for FUZZTIME (30s) each.
	go test -run '^$$' -fuzz FuzzPlan -fuzztime $(FUZZTIME) ./internal/rollout
	go test -run '^$$' -fuzz FuzzRequests -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./internal/azuresim

.PHONY: golden
golden: ## Write the golden traces anew. Read the difference: it is the behaviour.
	go test ./internal/rollout -run TestTraces -update

.PHONY: model
model: ## Check the model deeply: STATES (1,000,000) states of each configuration. Takes long.
	go test ./internal/rollout/modelcheck -timeout 0 -v -run TestModel -states $(STATES)

.PHONY: mutants
mutants: ## Try SAMPLE mutants of the core and some of the shell (0: all), list those that no test catches, and print scores. Takes long.
	@go run ./hack/mutants -sample $(SAMPLE) -survivors bin/survivors.txt
	@cat bin/survivors.txt

.PHONY: planted
planted: ## Plant the bugs that were written by hand in the core, and print which test catches each. Takes long.
	@go run ./hack/mutants -planted

.PHONY: shape
shape: ## Measure the shape of the product's packages: sizes, complexity, comments, imports.
	@go run ./hack/shape

.PHONY: bench
bench: ## Measure what a 100-instance rollout and an idle one cost, in virtual time, and the simulator itself.
	@go run ./hack/bench

.PHONY: vulncheck
vulncheck: ## Look for known vulnerabilities (needs vuln.go.dev).
	$(TOOL) govulncheck ./...

##@ Set up
.PHONY: k8s
k8s: ## Put etcd, kube-apiserver and kubectl into bin/k8s: fetched if possible, else built once and cached.
	@go run ./hack/getk8s

.PHONY: clean
clean: ## Remove bin/. The cache of Kubernetes binaries stays.
	rm -rf bin
