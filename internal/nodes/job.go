package nodes

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// key names the work on the node of one instance. Work of the same key is never done twice at a time.
type key struct{ uid, id string }

// job is the work that is wanted on one node. Other work makes another job of the same key.
type job struct {
	key
	uncordon   bool // it is to take pods again; else it is to be drained
	vmID       string
	providerID string // as providerID spells it, in lower case
	policy     Policy
	since      time.Time // what was known of nodes before says nothing

	// Only the worker that has the job in its hands uses these.
	cordoned bool
	seen     map[types.UID]bool // the pods that were there after it was cordoned; nil: not looked yet

	// Under the lock of the drainer.
	state  rollout.NodeState
	cancel context.CancelFunc // of the attempt under way; nil: there is none
}

// serves reports whether the job does the work of another one.
func (j *job) serves(o *job) bool {
	same := j.uncordon == o.uncordon && j.vmID == o.vmID && j.providerID == o.providerID
	return same && (j.uncordon || j.state.Drained || j.policy == o.policy)
}

// isDone says that nothing remains to be done. Draining that failed waits for the core; a cordon of ours stays a duty.
func (j *job) isDone() bool {
	return j.state.Drained || j.state.Uncordoned || j.state.Failed && !j.uncordon
}

// stop ends the attempt under way. What it says is not heard. The lock is held.
func (j *job) stop() {
	if j.cancel != nil {
		j.cancel()
	}
}

// outcome is the result of an attempt: a state that is final, or how long until the next attempt.
type outcome struct {
	state rollout.NodeState
	pause time.Duration
	err   error // it could not be done now: the state is that of the trouble, and the pause grows from attempt to attempt
}
