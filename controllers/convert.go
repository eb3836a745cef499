package controllers

import (
	"math"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// defaultHealthTimeout is the default in the schema, for objects that never went through it.
const defaultHealthTimeout = 15 * time.Minute

// The bounds of the status schema. Prose is shortened to fit. Identities never are: a shortened name would be another machine's.
const (
	maxFailureMessages   = 100
	maxLedgerMessageSize = 1024
	maxCodeSize          = 256
	maxTokenSize         = 8192
)

// scaleSetOf names the scale set that the rollout is about.
func scaleSetOf(object *v1alpha1.VMSSRollout) rollout.ScaleSet {
	ref := object.Spec.ScaleSet
	return rollout.ScaleSet{SubscriptionID: ref.SubscriptionID, ResourceGroup: ref.ResourceGroup, Name: ref.Name}
}

// specOf returns what the rollout declares, in the core's words. What is absent gets the schema's default, also when the object
// never went through the schema. A value of a closed set passes as it is: the schema refuses those the core does not know.
func specOf(object *v1alpha1.VMSSRollout) rollout.Spec {
	spec := object.Spec
	return rollout.Spec{
		Target:    targetOf(spec.Target),
		Percent:   int(spec.Strategy.Canary.Percent),
		Steps:     stepsOf(spec.Strategy.Canary.Steps),
		Bake:      durationOf(spec.Bake, 0),
		Batch:     batchOf(spec.Strategy.Batch),
		Zones:     orDefault(rollout.Zones(spec.Strategy.Zones), rollout.ZonesSpread),
		Order:     orDefault(rollout.Order(spec.Strategy.Order), rollout.OrderOldest),
		Action:    orDefault(rollout.InstanceAction(spec.Strategy.InstanceAction), rollout.ActionUpgrade),
		Protected: orDefault(rollout.ProtectedPolicy(spec.Strategy.ProtectedInstances), rollout.ProtectedSkip),
		Health: rollout.Health{
			Source:   orDefault(rollout.HealthSource(spec.Health.Source), rollout.HealthApplication),
			MinReady: durationOf(spec.Health.MinReady, 0),
			Timeout:  durationOf(spec.Health.Timeout, defaultHealthTimeout),
		},
		Paused:   spec.Paused,
		PlanOnly: spec.Mode == v1alpha1.ModePlan,
	}
}

func stepsOf(steps []v1alpha1.Step) []rollout.CanaryStep {
	var out []rollout.CanaryStep
	for _, step := range steps {
		out = append(out, rollout.CanaryStep{Name: step.Name, Percent: int(step.Percent), Count: int(step.Count), Soak: durationOf(step.Soak, 0)})
	}
	return out
}

func targetOf(target v1alpha1.Target) rollout.Target {
	out := rollout.Target{RevisionTag: target.RevisionTag}
	if image := target.Image; image != nil {
		out.Image = &rollout.Image{ID: image.ID, SharedGalleryID: image.SharedGalleryID, CommunityGalleryID: image.CommunityGalleryID}
		if offered := image.Marketplace; offered != nil {
			out.Image.Publisher, out.Image.Offer = offered.Publisher, offered.Offer
			out.Image.SKU, out.Image.Version = offered.SKU, offered.Version
		}
	}
	if script := target.Script; script != nil {
		out.Script = &rollout.Script{URIs: append([]string(nil), script.URIs...), Command: script.Command}
		if script.ProtectedSettings != nil {
			out.Script.ProtectedSettings = script.ProtectedSettings.SecretRef.Name
		}
	}
	return out
}

func batchOf(batch v1alpha1.Batch) rollout.Batch {
	return rollout.Batch{
		Size:           amountOf(batch.Size),
		MaxUnavailable: amountOf(batch.MaxUnavailable),
		Pause:          durationOf(batch.Pause, 0),
	}
}

// amountOf returns a count or a percentage. What is absent, or what the schema would have refused, is 1: the least there is.
func amountOf(value *intstr.IntOrString) rollout.Amount {
	if value == nil {
		return rollout.Amount{Value: 1}
	}
	if value.Type == intstr.Int {
		return rollout.Amount{Value: max(1, int(value.IntVal))}
	}
	percent, err := strconv.Atoi(strings.TrimSuffix(value.StrVal, "%"))
	if err != nil || percent < 1 || percent > 100 || !strings.HasSuffix(value.StrVal, "%") {
		return rollout.Amount{Value: 1}
	}
	return rollout.Amount{Value: percent, IsPercent: true}
}

// memoryOf returns what the status remembers.
func memoryOf(status v1alpha1.VMSSRolloutStatus) rollout.Memory {
	m := rollout.Memory{Run: status.Run, Revision: status.Revision, Operation: operationOf(status.Operation)}
	for _, failed := range status.FailedInstances {
		m.Failed = append(m.Failed, rollout.Failure{
			Ref:     refOf(failed.InstanceReference),
			Reason:  rollout.FailureReason(failed.Reason),
			Message: failed.Message,
			At:      timeOf(failed.Time),
		})
	}
	if kept := status.Bookkeeping; kept != nil {
		m.ModelApplied, m.ScriptWritten, m.Completed = kept.ModelApplied, kept.ScriptWritten, kept.Completed
		m.Step, m.Gate = kept.Step, rollout.Gate{Since: timeOf(kept.GateSince), Elapsed: durationOf(kept.GateElapsed, 0)}
		m.SettledETag, m.SettledSize = kept.SettledETag, int(kept.SettledCapacity)
		m.UnhealthySince, m.LastBatchEnd = timeOf(kept.UnhealthySince), timeOf(kept.LastBatchEndTime)
		m.LastExposed = int(kept.LastExposed)
		m.Pace, m.Fruitless = durationOf(kept.Pace, 0), int(kept.Fruitless)
		m.NotBefore, m.Throttled = timeOf(kept.NotBefore), kept.Throttled
	}
	return m
}

func operationOf(op *v1alpha1.Operation) *rollout.Operation {
	if op == nil {
		return nil
	}
	out := &rollout.Operation{
		Run:      op.Run,
		Kind:     rollout.OperationKind(op.Kind),
		Attempt:  int(op.Attempt),
		IntentAt: timeOf(op.IntentTime),
		BegunAt:  timeOf(op.BegunTime),
		EndedAt:  timeOf(op.EndedTime),
		PollAt:   timeOf(op.PollTime),
		Token:    op.Token,
		Trouble:  rememberedProblem(op.Trouble),
		Refused:  rememberedProblem(op.Refused),
	}
	for _, ref := range op.Instances {
		out.Instances = append(out.Instances, refOf(ref))
	}
	return out
}

func rememberedProblem(p *v1alpha1.Problem) *rollout.Problem {
	if p == nil {
		return nil
	}
	return &rollout.Problem{Kind: rollout.Kind(p.Kind), Code: p.Code, Message: p.Message, Mend: p.Mend}
}

func refOf(ref v1alpha1.InstanceReference) rollout.Ref {
	return rollout.Ref{ID: ref.ID, VMID: ref.VMID, Name: ref.Name, OSDisk: ref.OSDisk, HealthySince: timeOf(ref.HealthySince)}
}

// remember makes the status say what the memory holds. Times are kept to the second: what happened is rounded down, and what
// something waits for is rounded up, so that nothing is tried too early. Doing it twice changes nothing.
func remember(status *v1alpha1.VMSSRolloutStatus, m rollout.Memory) {
	status.Run, status.Revision = m.Run, m.Revision
	status.Operation = operationFrom(m.Operation)
	status.FailedInstances = failuresFrom(m.Failed)
	kept := v1alpha1.Bookkeeping{
		Step:             m.Step,
		GateSince:        awaited(m.Gate.Since), // rounded up, so that no soak is ever short
		ModelApplied:     m.ModelApplied,
		ScriptWritten:    m.ScriptWritten,
		Completed:        m.Completed,
		SettledETag:      m.SettledETag,
		SettledCapacity:  count(m.SettledSize),
		UnhealthySince:   happened(m.UnhealthySince),
		LastBatchEndTime: happened(m.LastBatchEnd),
		LastExposed:      count(m.LastExposed),
		Fruitless:        count(m.Fruitless),
		NotBefore:        awaited(m.NotBefore),
		Throttled:        m.Throttled,
	}
	if m.Gate.Elapsed != 0 {
		kept.GateElapsed = &metav1.Duration{Duration: m.Gate.Elapsed}
	}
	if m.Pace != 0 {
		kept.Pace = &metav1.Duration{Duration: m.Pace}
	}
	status.Bookkeeping = nil
	if kept != (v1alpha1.Bookkeeping{}) {
		status.Bookkeeping = &kept
	}
}

func operationFrom(op *rollout.Operation) *v1alpha1.Operation {
	if op == nil {
		return nil
	}
	out := &v1alpha1.Operation{
		Kind:       v1alpha1.OperationKind(op.Kind),
		Run:        op.Run,
		Attempt:    count(op.Attempt),
		IntentTime: happened(op.IntentAt),
		BegunTime:  happened(op.BegunAt),
		EndedTime:  happened(op.EndedAt),
		PollTime:   awaited(op.PollAt),
		Trouble:    problemFrom(op.Trouble),
		Refused:    problemFrom(op.Refused),
	}
	// Half a token resumes nothing, and losing it changes nothing.
	if len(op.Token) <= maxTokenSize {
		out.Token = op.Token
	}
	for _, ref := range op.Instances {
		out.Instances = append(out.Instances, refFrom(ref))
	}
	return out
}

// problemFrom leaves out for how long Azure asked to wait: what of that still counts is the memory's NotBefore.
func problemFrom(p *rollout.Problem) *v1alpha1.Problem {
	if p == nil {
		return nil
	}
	return &v1alpha1.Problem{
		Kind:    string(p.Kind),
		Code:    conditions.Shorten(p.Code, maxCodeSize),
		Message: conditions.Shorten(p.Message, maxLedgerMessageSize),
		Mend:    conditions.Shorten(p.Mend, maxLedgerMessageSize),
	}
}

// failuresFrom lists every failed machine, but only the first hundred with their messages: a thousand would not fit into one object,
// and people read the first few.
func failuresFrom(failed []rollout.Failure) []v1alpha1.FailedInstance {
	var out []v1alpha1.FailedInstance
	for i, failure := range failed {
		message := ""
		if i < maxFailureMessages {
			message = conditions.Shorten(failure.Message, maxLedgerMessageSize)
		}
		out = append(out, v1alpha1.FailedInstance{
			InstanceReference: refFrom(failure.Ref),
			Reason:            v1alpha1.FailureReason(failure.Reason),
			Message:           message,
			Time:              happened(failure.At),
		})
	}
	return out
}

func refFrom(ref rollout.Ref) v1alpha1.InstanceReference {
	return v1alpha1.InstanceReference{
		ID: ref.ID, VMID: ref.VMID, Name: ref.Name, OSDisk: ref.OSDisk, HealthySince: happened(ref.HealthySince),
	}
}

// reportProgress makes the status say what was counted. When nothing was counted, what was reported stays.
func reportProgress(status *v1alpha1.VMSSRolloutStatus, p *rollout.Progress) {
	if p == nil {
		return
	}
	status.Progress = &v1alpha1.Progress{
		Total:       count(p.Total),
		Eligible:    count(p.Eligible),
		Desired:     count(p.Desired),
		Exposed:     count(p.Exposed),
		Updated:     count(p.Updated),
		Ready:       count(p.Ready),
		InProgress:  count(p.InProgress),
		Failed:      count(p.Failed),
		Skipped:     count(p.Skipped),
		Unavailable: count(p.Unavailable),
		Overshoot:   count(p.Overshoot),
	}
}

// reportStage makes the status say which step the rollout is at, and when time alone will change something.
func reportStage(status *v1alpha1.VMSSRolloutStatus, stage rollout.Stage) {
	status.Step = nil
	if stage.Of > 0 {
		status.Step = &v1alpha1.StepStatus{Name: stage.Name, Number: count(stage.Number), Of: count(stage.Of)}
	}
	status.NextTransitionTime = awaited(stage.Next)
}

// count is n as the API holds it. Nothing that is counted here comes near its bounds.
func count(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) }

// happened is the second in which something happened, nil for the zero time.
func happened(at time.Time) *metav1.Time {
	if at.IsZero() {
		return nil
	}
	return &metav1.Time{Time: at.UTC().Truncate(time.Second)}
}

// awaited is the first full second at or after the time, nil for the zero time.
func awaited(at time.Time) *metav1.Time {
	down := happened(at)
	if down != nil && down.Time.Before(at) {
		down.Time = down.Add(time.Second)
	}
	return down
}

// timeOf returns the time in UTC, whatever zone it was read in.
func timeOf(at *metav1.Time) time.Time {
	if at == nil || at.IsZero() {
		return time.Time{}
	}
	return at.UTC()
}

func durationOf(d *metav1.Duration, absent time.Duration) time.Duration {
	if d == nil {
		return absent
	}
	return d.Duration
}

func orDefault[T ~string](value, absent T) T {
	if value == "" {
		return absent
	}
	return value
}
