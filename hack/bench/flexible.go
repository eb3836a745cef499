package main

import (
	"context"
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/simtime"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

// pagesOfFlexible is how many pages the list of 100 virtual machines has, 50 each.
const pagesOfFlexible = instances / 50

// floorOfFlexible is the floor of a Uniform set, and the other pages of each list: one before the batches and one for each of them.
const floorOfFlexible = floor + (instances/batchSize+1)*(pagesOfFlexible-1)

// measureFlexible runs the rollout of 100 over a Flexible set and holds its calls against the floor.
func measureFlexible(ctx context.Context) error {
	w, err := simtime.New(azuresim.Options{Seed: seed})
	if err != nil {
		return err
	}
	if err := makeSet(w, instances, "Flexible"); err != nil {
		return err
	}
	w.Clock.Advance(time.Hour) // what is written in the second in which the set was made looks the same
	began := w.Count
	key, err := declare(ctx, w, func(*v1alpha1.VMSSRolloutSpec) {})
	if err != nil {
		return err
	}
	if err := complete(ctx, w, key); err != nil {
		return err
	}
	count := w.Count.Minus(began)
	fmt.Printf("the same of a Flexible set: %d reads, %d polls, %d writes to Azure; the floor of %d counts %d pages for each list\n",
		count.AzureReads, count.AzurePolls, count.AzureWrites, floorOfFlexible, pagesOfFlexible)
	return holdCalls("flexible_n100", count.AzureCalls(), floorOfFlexible)
}
