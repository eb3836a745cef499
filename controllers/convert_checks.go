package controllers

import (
	"reflect"
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// What is declared of checks, hooks and drains where nothing is.
const (
	defaultHookTimeout  = 5 * time.Minute
	defaultDrainTimeout = 10 * time.Minute
)

// checksOf returns the checks as the core knows them. One whose template is not there is about each machine: it will not pass, so that
// nothing counts as verified that nobody can verify.
func checksOf(declared []v1alpha1.Check, templates map[string]*v1alpha1.CheckTemplate) []rollout.Check {
	var out []rollout.Check
	for _, check := range declared {
		definition := check.CheckDefinition
		if ref := check.TemplateRef; ref != nil {
			definition = v1alpha1.CheckDefinition{}
			if template := templates[ref.Name]; template != nil {
				definition = template.Spec.CheckDefinition
			}
		}
		out = append(out, rollout.Check{
			Name:       check.Name,
			Scope:      orDefault(rollout.CheckScope(definition.Scope), rollout.CheckInstance),
			Background: definition.Background,
			Advisory:   check.Enforce != nil && !*check.Enforce,
		})
	}
	return out
}

func hooksOf(declared []v1alpha1.Hook) []rollout.Hook {
	var out []rollout.Hook
	for _, hook := range declared {
		absent := rollout.HookFails
		if hook.At == v1alpha1.HookOnFailure {
			absent = rollout.HookIgnore
		}
		out = append(out, rollout.Hook{
			Name: hook.Name, At: rollout.HookPoint(hook.At), Timeout: durationOf(hook.Timeout, defaultHookTimeout),
			OnFailure: orDefault(rollout.HookFailure(hook.OnFailure), absent),
		})
	}
	return out
}

func drainOf(declared *v1alpha1.Drain) *rollout.Drain {
	if declared == nil {
		return nil
	}
	return &rollout.Drain{
		Timeout:   durationOf(declared.Timeout, defaultDrainTimeout),
		OnFailure: orDefault(rollout.HookFailure(declared.OnFailure), rollout.HookFails),
	}
}

// recallOutside reads what is kept of checks, calls and nodes.
func recallOutside(m *rollout.State, kept *v1alpha1.Bookkeeping) {
	if c := kept.Checks; c != nil {
		m.Stage.ChecksPassed, m.Stage.FailedCheck, m.Stage.GateResets = c.Passed, c.Rejected, int(c.Spoilt)
	}
	if h := kept.Hooks; h != nil {
		m.Tasks.Sequence, m.Tasks.StepBefore, m.Tasks.StepAfter = int(h.Number), h.Before, h.After
		for _, c := range h.Calls {
			m.Tasks.Hooks = append(m.Tasks.Hooks, callingOf(c, m.Operation))
		}
	}
	m.Ledger.Cordoned = idsOf(kept.Drained)
}

// keepOutside is what recallOutside reads.
func keepOutside(kept *v1alpha1.Bookkeeping, m rollout.State) {
	checks := v1alpha1.CheckBookkeeping{
		Passed: m.Stage.ChecksPassed, Rejected: conditions.Shorten(m.Stage.FailedCheck, maxLedgerMessageSize), Spoilt: count(m.Stage.GateResets),
	}
	if !reflect.ValueOf(checks).IsZero() {
		kept.Checks = &checks
	}
	hooks := v1alpha1.HookBookkeeping{Number: count(m.Tasks.Sequence), Before: m.Tasks.StepBefore, After: m.Tasks.StepAfter}
	for _, c := range m.Tasks.Hooks {
		hooks.Calls = append(hooks.Calls, callingFrom(c, m.Operation))
	}
	if !reflect.ValueOf(hooks).IsZero() {
		kept.Hooks = &hooks
	}
	kept.Drained = idsFrom(m.Ledger.Cordoned)
}

func callingOf(c v1alpha1.CallBookkeeping, op *rollout.Operation) rollout.HookInvocation {
	out := rollout.HookInvocation{
		Point: rollout.HookPoint(c.At), Sequence: int(c.Number), Since: timeOf(c.Since), Instances: refsOf(c.Instances),
		DrainingSince: timeOf(c.DrainSince),
		Subject:       c.About,
	}
	for _, id := range idsOf(c.OfOperation) {
		ref := rollout.Ref{ID: id}
		if known, is := inOperation(op, ref); is {
			ref.VMID = known.VMID
		}
		out.Instances = append(out.Instances, ref)
	}
	for _, done := range c.Done {
		out.Done = append(out.Done, rollout.HookCallsDone{Hook: done.Hook, InstanceIDs: idsOf(done.Instances)})
	}
	return out
}

// callingFrom names the machines by their ids alone where the operation holds the rest: a full call has a hundred of them.
func callingFrom(c rollout.HookInvocation, op *rollout.Operation) v1alpha1.CallBookkeeping {
	out := v1alpha1.CallBookkeeping{
		At: v1alpha1.HookPoint(c.Point), Number: count(c.Sequence), Since: happened(c.Since), DrainSince: happened(c.DrainingSince),
		About: conditions.Shorten(c.Subject, maxLedgerMessageSize),
	}
	if ids, all := idsIn(op, c.Instances); all {
		out.OfOperation = idsFrom(ids)
	} else {
		out.Instances = refsFrom(c.Instances)
	}
	for _, done := range c.Done {
		out.Done = append(out.Done, v1alpha1.CallsDone{Hook: done.Hook, Instances: idsFrom(done.InstanceIDs)})
	}
	return out
}

// idsIn are the ids of machines that are all of the operation and of which nothing more is known than what that holds.
func idsIn(op *rollout.Operation, refs []rollout.Ref) ([]string, bool) {
	var ids []string
	for _, ref := range refs {
		known, is := inOperation(op, ref)
		if bare := (rollout.Ref{ID: ref.ID, VMID: ref.VMID, Name: ref.Name}); !is || known.VMID != ref.VMID || ref != bare {
			return nil, false
		}
		ids = append(ids, ref.ID)
	}
	return ids, true
}

func inOperation(op *rollout.Operation, ref rollout.Ref) (rollout.Attempt, bool) {
	if op == nil {
		return rollout.Attempt{}, false
	}
	at := slices.IndexFunc(op.Instances, func(o rollout.Attempt) bool { return o.ID == ref.ID })
	if at < 0 {
		return rollout.Attempt{}, false
	}
	return op.Instances[at], true
}
