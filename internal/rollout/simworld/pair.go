package simworld

import (
	"strconv"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Pair is two scale sets, and the rule of a load balancer that leads to the pool of one of them.
type Pair struct {
	Sets  [2]*World // the declared one, and its peer
	Pool  string
	ETag  int
	Quota int // how many instances both may have; 0: any number

	switches []*pending
	// Served are the scale sets that got the traffic, one for each time that the rule was led elsewhere.
	Served []int
}

// pending is a switch, from its request to its end.
type pending struct {
	token, pool string
	at          time.Time
}

// NewPair puts another scale set of n instances beside one, behind a rule that leads to the first of them.
func NewPair(first *World, n int, zones []string, content Content) *Pair {
	second := New(first.Dice, n, zones, content)
	second.Now, second.UniqueID = first.Now, "peer"
	first.UniqueID = "first"
	p := &Pair{Sets: [2]*World{first, second}, ETag: 1}
	for side, w := range p.Sets {
		w.Pair, w.Pools = p, []string{PoolOf(side)}
	}
	p.Pool = PoolOf(0)
	return p
}

// PoolOf is the pool of the first scale set or of the second.
func PoolOf(side int) string { return "/pools/" + []string{"first", "peer"}[side] }

// Live is the side that the rule leads to; -1: neither.
func (p *Pair) Live() int {
	for side := range p.Sets {
		if p.Pool == PoolOf(side) {
			return side
		}
	}
	return -1
}

// Lead leads the rule to another pool, as people do.
func (p *Pair) Lead(pool string) {
	if p.Pool == pool {
		return
	}
	p.Pool = pool
	p.ETag++
	p.Served = append(p.Served, p.Live())
}

// of is the other scale set of a pair.
func (p *Pair) of(w *World) *World {
	if p.Sets[0] == w {
		return p.Sets[1]
	}
	return p.Sets[0]
}

func (p *Pair) traffic() rollout.Result[rollout.Traffic] {
	return rollout.KnownResult(rollout.Traffic{ETag: strconv.Itoa(p.ETag), Pool: p.Pool, Pools: []string{PoolOf(0), PoolOf(1)}})
}

// beside carries out a step that is not about the instances or the target of the scale set, and reports whether it is one.
func (p *Pair) beside(w *World, step rollout.Step) (rollout.StepResult, bool) {
	switch s := step.(type) {
	case rollout.SwitchTraffic:
		return p.do(w, s), true
	case rollout.Scale:
		if s.Peer {
			return p.of(w).scale(s), true
		}
		return w.scale(s), true
	}
	return rollout.StepResult{}, false
}

// do begins a switch.
func (p *Pair) do(w *World, step rollout.SwitchTraffic) rollout.StepResult {
	o := rollout.StepResult{At: w.Now, AzureTime: w.Now, RetryAfter: 5 * time.Second}
	if step.ETag != strconv.Itoa(p.ETag) {
		o.Problem = &rollout.Problem{Kind: rollout.KindPreconditionFailed, Code: "PreconditionFailed", Message: "etag does not match"}
		return o
	}
	op := &pending{token: "switch-" + strconv.Itoa(len(p.switches)), pool: step.Pool, at: w.Now.Add(8 * time.Second)}
	p.switches = append(p.switches, op)
	o.PollToken, o.OperationID = op.token, op.token
	return o
}

// advance ends what is due.
func (p *Pair) advance(now time.Time) {
	for _, op := range p.switches {
		if !op.at.IsZero() && !now.Before(op.at) {
			op.at = time.Time{}
			p.Lead(op.pool)
		}
	}
}

// poll asks about a switch.
func (p *Pair) poll(token string) rollout.Result[rollout.OperationStatus] {
	n, err := strconv.Atoi(strings.TrimPrefix(token, "switch-"))
	if err != nil || n >= len(p.switches) {
		return rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationLost})
	}
	if !p.switches[n].at.IsZero() {
		return rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationRunning, RetryAfter: 5 * time.Second})
	}
	return rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationSucceeded})
}

// scale begins to give the scale set another capacity.
func (w *World) scale(step rollout.Scale) rollout.StepResult {
	o := rollout.StepResult{At: w.Now, AzureTime: w.Now, RetryAfter: 10 * time.Second}
	other := w.Pair.of(w)
	switch {
	case w.running != nil:
		o.Problem = &rollout.Problem{Kind: rollout.KindConflict, Code: "Conflict", Message: "another operation is running"}
	case step.ETag != strconv.Itoa(w.ETag):
		o.Problem = &rollout.Problem{Kind: rollout.KindPreconditionFailed, Code: "PreconditionFailed", Message: "etag does not match"}
	case w.Pair.Quota > 0 && step.Capacity+len(other.Instances) > w.Pair.Quota:
		o.Problem = &rollout.Problem{Kind: rollout.KindQuota, Code: "OperationNotAllowed", Message: "exceeds the approved quota"}
	default:
		op := w.begin(step)
		w.resize(step.Capacity)
		w.ETag++
		o.PollToken, o.OperationID = op.token, op.token
	}
	return o
}

// resize adds instances of the latest model, or removes the newest.
func (w *World) resize(capacity int) {
	if more := capacity - len(w.Instances); more > 0 {
		w.ScaleOut(more, w.zones())
	}
	for len(w.Instances) > capacity {
		w.Remove(w.Instances[len(w.Instances)-1])
	}
}

// zones are those that the instances are in.
func (w *World) zones() []string {
	var zones []string
	for _, m := range w.Instances {
		if m.Zone != "" {
			zones = append(zones, m.Zone)
		}
	}
	return zones
}
