package nodes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubectl/pkg/drain"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	// podTimeout is how long an attempt waits for evicted pods to end. It is shorter than refusedPause, which is how long the drain package
	// sleeps after a refusal, so that each pod is asked for once an attempt.
	podTimeout, refusedPause = 4 * time.Second, 5 * time.Second
	// betweenAttempts is how long a node then keeps no worker busy.
	betweenAttempts = 5 * time.Second
	// maxEviction bounds all of it: the client tries by itself what the API server asks it to try again later.
	maxEviction = 30 * time.Second
	// podsPerPage bounds one answer; few nodes have as many.
	podsPerPage = 500
	// outOfReach is how long after their grace period pods are waited for on a node whose kubelet is silent. Nothing would ever end them,
	// and upgrading the instance may fix it.
	outOfReach = 30 * time.Second
)

// drain brings a node closer to being empty. The first attempt only cordons it, and the next comes behind those of all other nodes that
// wait: of a batch, all are cordoned before the first pod is evicted, lest it move to a node that is drained next.
func (d *Drainer) drain(ctx context.Context, j *job) outcome {
	node, found, err := d.index.find(ctx, j.providerID, j.since)
	switch {
	case err != nil:
		return outcome{err: err}
	case !found:
		return outcome{state: rollout.NodeState{Drained: true}}
	}
	if err := d.cordon(ctx, node, j.uid); err != nil {
		return outcome{err: err}
	}
	if !j.cordoned {
		j.cordoned = true
		return outcome{}
	}
	return d.evict(ctx, j, node)
}

// uncordon lets a node take pods again. Where it is gone, or another instance by now, there is nothing to be done.
func (d *Drainer) uncordon(ctx context.Context, j *job) outcome {
	node, found, err := d.index.find(ctx, j.providerID, j.since)
	if err == nil && found {
		err = d.release(ctx, node, j.uid)
	}
	return outcome{state: rollout.NodeState{Uncordoned: true}, err: err}
}

// evict evicts what is to go from a node, and waits for a moment until it is gone.
func (d *Drainer) evict(ctx context.Context, j *job, node *corev1.Node) outcome {
	ctx, cancel := context.WithTimeout(ctx, maxEviction)
	defer cancel()
	heard := &evictions{pods: map[string]standing{}}
	via := d.drainOf(ctx, j, node, heard)
	pods, o := remaining(via, j, node)
	if o != nil {
		return *o
	}
	heard.ask(pods)
	err := via.DeleteOrEvictPods(pods)
	if err != nil && denial.MatchString(err.Error()) {
		return outcome{err: fmt.Errorf("draining node %q: %w", node.Name, err)}
	}
	if err == nil {
		if _, o := remaining(via, j, node); o != nil {
			return *o
		}
	}
	return outcome{state: rollout.NodeState{Message: heard.String()}, pause: betweenAttempts}
}

// remaining are the pods that are still to go; without any, there is an outcome.
func remaining(via *drain.Helper, j *job, node *corev1.Node) ([]corev1.Pod, *outcome) {
	list, errs := via.GetPodsForDeletion(node.Name)
	if state, refused := evictionError(errs); refused {
		return nil, &outcome{state: state}
	}
	if len(errs) > 0 {
		return nil, &outcome{err: fmt.Errorf("finding the pods of node %q: %w", node.Name, errors.Join(errs...))}
	}
	pods := list.Pods()
	if len(pods) == 0 {
		return nil, &outcome{state: rollout.NodeState{Drained: true}}
	}
	if j.seen == nil {
		j.seen = make(map[types.UID]bool, len(pods))
		for _, pod := range pods {
			j.seen[pod.UID] = true
		}
	}
	return pods, nil
}

// drainOf is how the drain package is to go about a node.
func (d *Drainer) drainOf(ctx context.Context, j *job, node *corev1.Node, heard *evictions) *drain.Helper {
	via := &drain.Helper{
		Ctx:                             ctx,
		Client:                          evicting{Interface: d.options.Client, heard: heard},
		Force:                           j.policy.Force,
		DeleteEmptyDirData:              j.policy.DeleteEmptyDirData,
		GracePeriodSeconds:              -1,
		IgnoreAllDaemonSets:             true,
		Timeout:                         podTimeout,
		EvictErrorRetryDelay:            refusedPause,
		ChunkSize:                       podsPerPage,
		AdditionalFilters:               []drain.PodFilter{j.tolerated},
		Out:                             io.Discard,
		ErrOut:                          io.Discard,
		OnPodDeletionOrEvictionFinished: heard.finished,
	}
	if grace := j.policy.GracePeriod; grace >= 0 {
		via.GracePeriodSeconds = int(math.Ceil(grace.Seconds()))
	}
	if isUnreachable(node) {
		via.SkipWaitForDeleteTimeoutSeconds = int(outOfReach.Seconds())
	}
	return via
}

// tolerated leaves alone the pods that came after those that were evicted, and tolerate the cordon: for each that is evicted another one
// would come.
func (j *job) tolerated(pod corev1.Pod) drain.PodDeleteStatus {
	taint := corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}
	tolerates := slices.ContainsFunc(pod.Spec.Tolerations, func(t corev1.Toleration) bool {
		return t.ToleratesTaint(logr.Discard(), &taint, false)
	})
	if tolerates && j.seen != nil && !j.seen[pod.UID] {
		return drain.MakePodDeleteStatusSkip()
	}
	return drain.MakePodDeleteStatusOkay()
}

// isUnreachable says that the node was not heard of for so long that the cluster gave up on it.
func isUnreachable(node *corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionUnknown
	})
}
