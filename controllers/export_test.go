package controllers

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// RandomStatus is the status that keeps a random memory.
func RandomStatus(seed uint64) v1alpha1.VMSSRolloutStatus {
	g := memories{rand.New(rand.NewPCG(seed, 0))}
	return keptStatus(g.memory())
}

// LargestStatus is the status of the largest scale set there can be when everything went wrong at once, wordily.
func LargestStatus() v1alpha1.VMSSRolloutStatus {
	ref := func(i int) rollout.Ref {
		return rollout.Ref{
			ID: fmt.Sprint(i), VMID: "00000000-0000-0000-0000-000000000001", Name: fmt.Sprint(strings.Repeat("n", 64), "_", i),
		}
	}
	words := strings.Repeat("ä", 10_000)
	trouble := &rollout.Problem{Kind: rollout.KindPreconditionFailed, Code: words, Message: words, Remediation: words}
	m := rollout.State{Operation: &rollout.Operation{
		Kind: rollout.ReimageOperation, Attempt: 1, PollToken: strings.Repeat("t", maxTokenSize), Error: trouble, Rejection: trouble,
	}}
	for i := range 200 {
		m.Operation.Instances = append(m.Operation.Instances, rollout.Attempt{Ref: ref(i), OSDisk: strings.Repeat("d", 64)})
	}
	for i := range 1000 {
		m.Ledger.Failed = append(
			m.Ledger.Failed,
			rollout.Failure{Ref: ref(i), OSDisk: strings.Repeat("d", 64), Reason: rollout.FailureProvisioning, Message: words},
		)
	}
	return keptStatus(m)
}

func keptStatus(m rollout.State) v1alpha1.VMSSRolloutStatus {
	var status v1alpha1.VMSSRolloutStatus
	m = bounded(m)
	renderState(&status, m)
	if err := trimToSize(&status, m); err != nil {
		panic(err)
	}
	return status
}
