package verify

import (
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// about is what a round's checks and calls are about.
type about struct {
	uid, namespace, name, revision, step string
	run                                  int64
	set                                  checks.ScaleSet
	machines                             []rollout.Instance
}

func aboutOf(object *v1alpha1.VMSSRollout, machines []rollout.Instance, d rollout.Decision) about {
	ref := object.Spec.ScaleSet
	return about{
		uid: string(object.UID), namespace: object.Namespace, name: object.Name, revision: d.Remember.Revision, step: d.Stage.Name, run: d.Remember.Run,
		set:      checks.ScaleSet{SubscriptionID: ref.SubscriptionID, ResourceGroup: ref.ResourceGroup, Name: ref.Name},
		machines: machines,
	}
}

// subject is what one verification is about. It has nobody to wait for, as a call may have: the core wants verifications in rounds that listed the
// machines, and only of those.
func (a about) subject(run rollout.CheckRun) checks.Subject {
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

// payload is what one call tells.
func (a about) payload(run rollout.CallRun) checks.HookPayload {
	s := checks.Subject{Namespace: a.namespace, Rollout: a.name, UID: a.uid, Revision: a.revision, Run: run.Key.Run, Step: run.Step, Set: a.set}
	if run.Ref.ID != "" {
		one := a.instance(run.Ref)
		s.Instance = &one
	}
	return checks.HookPayloadOf(s, run.Point, run.Back, run.Why)
}

func (a about) instances(refs []rollout.Ref) []checks.Instance {
	var all []checks.Instance
	for _, ref := range refs {
		all = append(all, a.instance(ref))
	}
	return all
}

// instance is a machine with what is known of it.
func (a about) instance(ref rollout.Ref) checks.Instance {
	one := checks.Instance{ID: ref.ID, VMID: ref.VMID, Name: ref.Name}
	if at := a.find(ref); at >= 0 {
		i := a.machines[at]
		one.VMID, one.Name, one.Zone = i.VMID, i.Name, i.Zone
	}
	return one
}

// knows says whether the machine was listed, or none is meant.
func (a about) knows(ref rollout.Ref) bool { return ref.ID == "" || a.find(ref) >= 0 }

func (a about) find(ref rollout.Ref) int {
	return slices.IndexFunc(a.machines, func(i rollout.Instance) bool {
		return i.ID == ref.ID && strings.HasPrefix(i.VMID, ref.VMID) // what is remembered of a vmId is its beginning
	})
}
