package rollout_test

import (
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// FuzzPlan lets the fuzzer play fate: every byte is a throw of the dice, in the world and in the spec. No panic, no broken
// invariant, and rest in the calm.
func FuzzPlan(f *testing.F) {
	f.Add(int64(1), []byte{})
	f.Add(int64(20261123), []byte{7, 0, 3, 0, 0, 1, 2, 200, 0, 1, 0, 0, 0, 2})
	f.Fuzz(func(t *testing.T, seed int64, throws []byte) {
		l := newLife(seed, nil)
		fate, random := throws, l.dice
		l.world.Dice = func(n int) int {
			if len(fate) == 0 {
				return random(n)
			}
			throw := int(fate[0]) % n
			fate = fate[1:]
			return throw
		}
		l.dice = simworld.Dice(l.world.Dice)
		if err := l.run(); err != nil {
			t.Fatalf("seed %d, throws %v: %v", seed, throws, err)
		}
	})
}
