package rollout_test

import (
	"fmt"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestSilentHooksWriteNothing waits for a hook, and for a node, that never answer, and sees that a round which only waits writes nothing
// (I10).
func TestSilentHooksWriteNothing(t *testing.T) {
	endless := func(at rollout.HookPoint) func(*rollout.Spec) {
		return hooks(rollout.Hook{Name: "tell", At: at, OnFailure: rollout.HookFails})
	}
	for name, change := range map[string]func(*rollout.Spec){
		"BeforeStep": endless(rollout.BeforeStep), "BeforeInstance": endless(rollout.BeforeInstance),
		"AfterInstance": endless(rollout.AfterInstance),
		"AfterStep":     endless(rollout.AfterStep),
		"drain":         func(s *rollout.Spec) { s.Tasks.Drain = &rollout.Drain{OnFailure: rollout.HookFails} },
	} {
		t.Run(name, func(t *testing.T) {
			begun, over := 0, 0
			s := story{n: 2, start: bare, rounds: 80, spec: canary(image2, 50, change), script: map[int]func(*recorder){
				0:  all(deaf, nodes("0", "pod shop/web-0 cannot be evicted: disruption budget")),
				20: func(t *recorder) { begun = t.shell.Writes },
				79: func(t *recorder) { over = t.shell.Writes },
			}}
			s.tell()
			if begun == 0 || begun != over {
				t.Errorf("%d writes when the wait had begun, %d an hour later", begun, over)
			}
		})
	}
}

// TestLedgerOfLeftOutIsFull leaves out no instance more than the ledger holds: the next one fails.
func TestLedgerOfLeftOutIsFull(t *testing.T) {
	for full, want := range map[bool]rollout.FailureReason{false: "", true: rollout.FailureHook} {
		var failed []rollout.Failure
		s := story{n: 3, start: bare, rounds: 9, spec: canary(image2, 100, hooks(hookAt(rollout.BeforeInstance, rollout.HookSkips))),
			script: map[int]func(*recorder){
				0: answers("about 0", rollout.HookCallFailed),
				2: func(t *recorder) {
					for n := range 100 {
						if full {
							t.shell.State.Ledger.Skipped = append(t.shell.State.Ledger.Skipped, rollout.Ref{ID: fmt.Sprint(1000 + n)})
						}
					}
				},
				8: func(t *recorder) { failed = t.shell.State.Ledger.Failed },
			}}
		s.tell()
		if got := len(failed) > 0; got != full || got && (failed[0].ID != "0" || failed[0].Reason != want) {
			t.Errorf("full %t: failed are %+v", full, failed)
		}
	}
}
