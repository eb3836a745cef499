package analysis

import (
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// requestBuilder makes what is asked of checks and hooks in one round, out of what the round is about.
type requestBuilder struct {
	uid, namespace, name, revision, step string
	run                                  int64
	set                                  checks.ScaleSet
	listed                               map[string]rollout.Instance // by id
	parties                              map[*rollout.Ref][]checks.Instance
}

func newRequestBuilder(object *v1alpha1.VMSSRollout, listed []rollout.Instance, d rollout.Decision) requestBuilder {
	ref := object.Spec.ScaleSet
	byID := make(map[string]rollout.Instance, len(listed))
	for _, i := range listed {
		byID[i.ID] = i
	}
	return requestBuilder{
		uid: string(object.UID), namespace: object.Namespace, name: object.Name, revision: d.State.Run.Revision,
		step: d.Report.Stage.Name, run: d.State.Run.Number,
		set:     checks.ScaleSet{SubscriptionID: ref.SubscriptionID, ResourceGroup: ref.ResourceGroup, Name: ref.Name},
		listed:  byID,
		parties: map[*rollout.Ref][]checks.Instance{},
	}
}

// subject returns what one verification is about. Unlike a call it never waits for an instance to be listed: the core wants verifications
// in rounds that listed the instances, and only of those.
func (a requestBuilder) subject(run rollout.CheckRun) checks.Subject {
	s := checks.Subject{
		Namespace: a.namespace, Rollout: a.name, UID: a.uid, Revision: a.revision, Run: a.run, Step: a.step, Set: a.set,
		Canary: a.instances(run.Canaries), Baseline: a.instances(run.Baseline),
	}
	if run.Key.Instance != "" {
		one := a.instance(rollout.Ref{ID: run.Key.Instance, VMID: run.Key.VMID})
		s.Instance = &one
	}
	return s
}

// payload returns what one call sends.
func (a requestBuilder) payload(run rollout.HookCall) checks.HookPayload {
	s := checks.Subject{
		Namespace: a.namespace, Rollout: a.name, UID: a.uid, Revision: a.revision, Run: run.Key.Run, Step: run.Step, Set: a.set,
	}
	if run.Instance.ID != "" {
		one := a.instance(run.Instance)
		s.Instance = &one
	}
	return checks.HookPayloadOf(s, run.Point, run.Rollback, run.Failure)
}

// instances are the listed ones with what is known of them. Thousands of checks compare the same ones, so they are made once.
func (a requestBuilder) instances(refs []rollout.Ref) []checks.Instance {
	if len(refs) == 0 {
		return nil
	}
	if made := a.parties[&refs[0]]; len(made) == len(refs) {
		return made
	}
	all := make([]checks.Instance, 0, len(refs))
	for _, ref := range refs {
		all = append(all, a.instance(ref))
	}
	a.parties[&refs[0]] = all
	return all
}

// instance is a listed one with what is known of it.
func (a requestBuilder) instance(ref rollout.Ref) checks.Instance {
	one := checks.Instance{ID: ref.ID, VMID: ref.VMID, Name: ref.Name}
	if i, listed := a.find(ref); listed {
		one.VMID, one.Name, one.Zone = i.VMID, i.Name, i.Zone
	}
	return one
}

// knows reports whether the instance was listed, or none is meant.
func (a requestBuilder) knows(ref rollout.Ref) bool {
	_, listed := a.find(ref)
	return listed || ref.ID == ""
}

// find returns the listed instance that is meant. What is remembered of a vmId is its beginning.
func (a requestBuilder) find(ref rollout.Ref) (rollout.Instance, bool) {
	i, listed := a.listed[ref.ID]
	return i, listed && strings.HasPrefix(i.VMID, ref.VMID)
}
