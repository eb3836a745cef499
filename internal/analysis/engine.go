package analysis

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Options of an Engine.
type Options struct {
	Ports   checks.Ports
	Changed func(types.NamespacedName) // told of rollouts of which something final is known; it must not block
}

// Engine runs the checks and the calls of all rollouts. Its methods never wait for a measurement or an answer. Its knowledge may be lost at
// any time: then a check begins from the start, and a call is made again under the same key.
type Engine struct {
	options    Options
	runner     *checks.Runner
	dispatcher *checks.HookDispatcher

	mu      sync.Mutex
	entries map[types.UID]*entry
}

// entry holds what is declared and wanted of one rollout.
type entry struct {
	name      types.NamespacedName
	source    string // what was declared when it was read last
	declared  Declared
	wanted    map[checks.Key]rollout.CheckKey
	instances []rollout.Instance // as they were listed last
}

// New makes an engine. What is wanted may be said before it runs.
func New(o Options) *Engine {
	d := &Engine{options: o, entries: map[types.UID]*entry{}}
	d.runner = checks.NewRunner(checks.RunnerOptions{Changed: func(k checks.Key) { d.changed(k.UID) }})
	d.dispatcher = checks.NewHookDispatcher(
		checks.HookDispatcherOptions{
			Outbound: o.Ports.Outbound, Secrets: o.Ports.Secrets, Addresses: o.Ports.Addresses,
			Redactor: o.Ports.Redactor, Changed: d.changed,
		})
	return d
}

// Start measures and calls until the context ends.
func (d *Engine) Start(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { _ = d.runner.Run(ctx) })
	running.Go(func() { _ = d.dispatcher.Run(ctx) })
	running.Wait()
	return nil
}

// NeedLeaderElection says that only one replica measures and calls.
func (d *Engine) NeedLeaderElection() bool { return true }

// changed notifies the listener, if there is one, that the rollout needs a look.
func (d *Engine) changed(uid string) {
	d.mu.Lock()
	f := d.entries[types.UID(uid)]
	d.mu.Unlock()
	if f != nil && d.options.Changed != nil {
		d.options.Changed(f.name)
	}
}

// Declare sets the checks and hooks of a rollout. If they are not valid it returns a problem that a person has to fix, and what was
// declared before stays in force.
func (d *Engine) Declare(object *v1alpha1.VMSSRollout, templates map[string]*v1alpha1.CheckTemplate) *rollout.Problem {
	source := sourceOf(object, templates)
	if d.isDeclared(object.UID, source) {
		return nil
	}
	declared, err := Declare(object.Spec, templates, d.options.Ports)
	if err != nil {
		return &rollout.Problem{
			Kind: rollout.KindInvalid, Message: err.Error(),
			Remediation: fmt.Sprintf("kubectl edit vmssrollout %s -n %s", object.Name, object.Namespace),
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.entries[object.UID]
	if f == nil {
		f = &entry{name: types.NamespacedName{Namespace: object.Namespace, Name: object.Name}, wanted: map[checks.Key]rollout.CheckKey{}}
		d.entries[object.UID] = f
	}
	f.source, f.declared = source, declared
	return nil
}

// Uses returns the uses of Secrets that the declared checks and hooks ask for.
func (d *Engine) Uses(uid types.UID) []grant.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.entries[uid]; f != nil {
		return f.declared.Uses
	}
	return nil
}

// isDeclared reports whether the same source was read before, because compiling expressions and patterns in every round would be expensive.
func (d *Engine) isDeclared(uid types.UID, source string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.entries[uid]
	return f != nil && f.source == source
}

// sourceOf tells one declaration from the next.
func sourceOf(object *v1alpha1.VMSSRollout, templates map[string]*v1alpha1.CheckTemplate) string {
	source := fmt.Sprint(object.Generation)
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		source += fmt.Sprintf(" %s@%s", templates[name].UID, templates[name].ResourceVersion)
	}
	return source
}

// Want makes the checks and calls that the decision wants run, and no others of the rollout. instances are those that were listed in the
// round, nil if none were.
func (d *Engine) Want(object *v1alpha1.VMSSRollout, instances []rollout.Instance, decision rollout.Decision) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.entries[object.UID]
	if f == nil {
		return
	}
	if instances != nil {
		f.instances = instances
	}
	about := newRequestBuilder(object, f.instances, decision)
	if decision.Tasks.Checks != nil {
		d.measure(f, about, *decision.Tasks.Checks)
	}
	d.call(f, about, decision.Tasks.Hooks)
}

// measure starts the runs that are wanted and ends the others. One that cannot be started is not known, and so waits.
func (d *Engine) measure(f *entry, about requestBuilder, runs []rollout.CheckRun) {
	wanted, keep := map[checks.Key]rollout.CheckKey{}, map[checks.Key]bool{}
	now := time.Now()
	for _, run := range runs {
		check, declared := f.declared.Checks[run.Key.Check]
		if !declared {
			continue
		}
		key := keyOf(about.uid, run.Key)
		subject := about.subject(run)
		if err := d.runner.Start(checks.Run{
			Key: key, Rule: check.Rule, Probe: check.Probe, Subject: subject, State: checks.State{Begun: now},
		}); err == nil {
			wanted[key], keep[key] = run.Key, true
		}
	}
	d.runner.Keep(about.uid, keep)
	f.wanted = wanted
}

// keyOf is the run of a verification: what makes it another one is part of it.
func keyOf(uid string, k rollout.CheckKey) checks.Key {
	key := checks.Key{UID: uid, Run: k.Run, Check: k.Check, Step: k.Stage + "#" + strconv.Itoa(k.Try)}
	if k.Instance != "" {
		key.Subject = k.Instance + "@" + k.VMID
	}
	return key
}

// call makes the calls that are due. One about an instance that was not listed yet waits for a round that lists it.
func (d *Engine) call(f *entry, about requestBuilder, runs []rollout.HookCall) {
	var calls []checks.Call
	for _, run := range runs {
		hook, declared := f.declared.Hooks[run.Key.Hook]
		if !declared || !about.knows(run.Instance) {
			continue
		}
		calls = append(calls, checks.Call{Key: run.Key, Hook: hook, Payload: about.payload(run)})
	}
	d.dispatcher.Want(about.uid, calls)
}

// Known returns the results of the checks and calls that are wanted.
func (d *Engine) Known(uid types.UID) (map[rollout.CheckKey]rollout.CheckResult, map[rollout.HookCallKey]rollout.HookCallResult) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.entries[uid]
	if f == nil {
		return nil, nil
	}
	results := map[rollout.CheckKey]rollout.CheckResult{}
	measuring := d.runner.Measuring(string(uid), shownAsUpdating)
	for key, state := range d.runner.States(string(uid)) {
		if wanted, is := f.wanted[key]; is {
			result := resultOf(state)
			result.RunsInInstance = measuring[key] && f.declared.Checks[wanted.Check].Inside
			results[wanted] = result
		}
	}
	return results, d.dispatcher.Results(string(uid))
}

// shownAsUpdating is how long Azure may go on showing an instance as being updated when the script in it is over.
const shownAsUpdating = time.Minute

// resultOf is the state of a run in the core's words. What could not be measured more often than is tolerated is no success.
func resultOf(s checks.State) rollout.CheckResult {
	result := rollout.CheckResult{Message: s.Because}
	switch s.Verdict {
	case checks.VerdictPassed:
		result.State = rollout.CheckPassed
	case checks.VerdictFailed, checks.VerdictErrored:
		result.State = rollout.CheckFailed
	case checks.VerdictRunning:
	}
	return result
}

// maxShown bounds what a status says of checks.
const maxShown = 30

// Shown returns the checks for a status: those with a bad verdict first, then the others, each in the order of their names and instances.
func (d *Engine) Shown(uid types.UID) []v1alpha1.CheckStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.entries[uid]
	if f == nil {
		return nil
	}
	var shown []v1alpha1.CheckStatus
	for key, state := range d.runner.States(string(uid)) {
		if wanted, is := f.wanted[key]; is {
			shown = append(shown, statusOf(wanted, f.declared.Checks[wanted.Check].Scope, state))
		}
	}
	slices.SortFunc(shown, func(a, b v1alpha1.CheckStatus) int {
		return cmp.Or(cmp.Compare(rank(a.Verdict), rank(b.Verdict)), cmp.Compare(a.Name, b.Name),
			cmp.Compare(len(a.Instance), len(b.Instance)), cmp.Compare(a.Instance, b.Instance))
	})
	return shown[:min(len(shown), maxShown)]
}

// rank puts first what needs a person.
func rank(v v1alpha1.CheckVerdict) int {
	return slices.Index([]v1alpha1.CheckVerdict{
		v1alpha1.CheckVerdictFailed, v1alpha1.CheckVerdictErrored, v1alpha1.CheckVerdictRunning, v1alpha1.CheckVerdictPassed,
	}, v)
}

// count is n as a status holds it.
func count(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) }

func statusOf(key rollout.CheckKey, scope checks.Scope, s checks.State) v1alpha1.CheckStatus {
	out := v1alpha1.CheckStatus{
		Name: key.Check, Scope: v1alpha1.CheckScope(scope), Instance: key.Instance,
		Verdict: v1alpha1.CheckVerdict(cmp.Or(string(s.Verdict), "Running")),
		Passed:  count(s.Passed), Failed: count(s.Failed), NoData: count(s.NoData), Errors: count(s.Errors), Message: s.Because,
	}
	if m := s.Last; m != nil {
		out.Value, out.Threshold = m.Value, m.Threshold
		out.LastMeasurementTime = &metav1.Time{Time: m.At.UTC().Truncate(time.Second)}
		out.Message = cmp.Or(out.Message, m.Detail)
	}
	return out
}

// Forget ends everything of a rollout that is gone.
func (d *Engine) Forget(uid types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.entries, uid)
	d.runner.Keep(string(uid), nil)
	d.dispatcher.Forget(string(uid))
}
