package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// ScaleSets is the part of Azure that the controller needs. Every error is a *rollout.Problem (possibly wrapped). Methods make exactly the
// ARM calls that are named; none retries, sleeps or waits for an operation to end.
type ScaleSets interface {
	// Model reads the scale set: one GET.
	Model(ctx context.Context, set rollout.ScaleSet) (rollout.Model, error)

	// RollingUpgrade reads the newest upgrade that Azure carried out, or carries out, by itself: one GET. Where there was none, it is the zero
	// value.
	RollingUpgrade(ctx context.Context, set rollout.ScaleSet) (rollout.RollingUpgrade, error)

	// ResolveImage returns the newest version that the image stands for in the region: one GET, or one a page. The image names a marketplace
	// image or a definition in a gallery.
	ResolveImage(ctx context.Context, set rollout.ScaleSet, image rollout.Image, region string) (rollout.Image, error)

	// ImageTraits returns what decides whether the scale set can boot the image: one GET, or two for a version in a gallery. The region is the
	// scale set's.
	ImageTraits(ctx context.Context, set rollout.ScaleSet, image rollout.Image, region string) (rollout.ImageTraits, error)

	// Traffic reads where a rule of a load balancer leads: one GET.
	Traffic(ctx context.Context, set rollout.ScaleSet, rule rollout.LoadBalancerRule) (rollout.Traffic, error)

	// Instances reads every instance with its instance view: one GET a page, unprojected, because a projected list lies about
	// latestModelApplied. A page that fails fails the whole read; a partial list is never returned.
	Instances(ctx context.Context, set rollout.ScaleSet) ([]rollout.Instance, error)

	// HasInstance asks for one instance by its id: one GET. False means that the scale set does not have it, or is deleting it.
	HasInstance(ctx context.Context, set rollout.ScaleSet, id string) (bool, error)

	// Poll asks once how a begun operation is doing: one GET. That the operation failed is no error but a status; that its
	// status can no longer be read is the status Lost. An error means that nothing was learnt.
	Poll(ctx context.Context, set rollout.ScaleSet, kind rollout.OperationKind, token string) (rollout.OperationStatus, error)

	Effects
}

// Leadership is the part of the leader election that the controller needs.
type Leadership interface {
	// Left returns for how long this process is still known to be the only one that works, by its last renewal of the lease. Zero: another one
	// may work already.
	Left() time.Duration
}

// Verification measures checks and calls hooks for the controller. None of its methods waits for a measurement or an answer. Its knowledge
// may be lost at any time; then a check begins again, and a call is made again under the same key.
type Verification interface {
	// Declare sets the checks and hooks of the rollout, with the templates that they refer to, by name. It returns a problem that a person
	// has to fix; what was declared before stays in force meanwhile.
	Declare(object *v1alpha1.VMSSRollout, templates map[string]*v1alpha1.CheckTemplate) *rollout.Problem

	// Uses returns the uses of Secrets that the declared checks and hooks ask for.
	Uses(uid types.UID) []grant.Request

	// Want makes the checks and calls that the decision wants run, and no others of the rollout. instances are those that the round
	// listed, nil if it listed none.
	Want(object *v1alpha1.VMSSRollout, instances []rollout.Instance, d rollout.Decision)

	// Known returns the results of the checks and calls that are wanted.
	Known(uid types.UID) (map[rollout.CheckKey]rollout.CheckResult, map[rollout.HookCallKey]rollout.HookCallResult)

	// Shown returns the wanted checks for a status. Those that need a person come first.
	Shown(uid types.UID) []v1alpha1.CheckStatus

	// Forget ends everything of a rollout that is gone.
	Forget(uid types.UID)
}

// Nodes works on the instances that are nodes of the controller's own cluster. None of its methods waits for a node.
type Nodes interface {
	// Want makes the nodes of the rollout's instances be drained, as it declares, and uncordoned, and ends all other work on them.
	Want(object *v1alpha1.VMSSRollout, set rollout.ScaleSet, work rollout.NodeWork)

	// States is how far that is, by instance id.
	States(uid string) map[string]rollout.NodeState

	// Forget ends the work for a rollout that is gone.
	Forget(uid string)
}
