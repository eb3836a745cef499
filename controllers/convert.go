package controllers

import (
	"math"
	"reflect"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The bounds of the status schema. Prose is shortened to fit. Identities never are: a shortened name would be another machine's.
const (
	maxLedgerMessageSize = 1024
	maxCodeSize          = 256
	maxTokenSize         = 8192
)

// memoryOf returns what the status remembers; an error for a status that nobody can read.
func memoryOf(status v1alpha1.VMSSRolloutStatus) (rollout.State, error) {
	status, err := unpacked(status)
	if err != nil {
		return rollout.State{}, err
	}
	m := rollout.State{
		Run:       rollout.Run{Number: status.Run, Revision: status.Revision, StartedAt: timeOf(status.StartTime)},
		Operation: operationOf(status.Operation),
		Rollback:  rollout.RollbackState{Current: returnOf(status.GoingBack)},
		Actions:   takenOf(status.Actions),
		History:   endedOf(status.History),
	}
	recall(&m, status.Bookkeeping)
	m.Ledger.Failed = failuresOf(status)
	return m, nil
}

// recall reads what is kept between rounds and is not meant for people.
func recall(m *rollout.State, kept *v1alpha1.Bookkeeping) {
	if kept == nil {
		return
	}
	m.Model.Applied, m.Model.ScriptWritten = kept.ModelApplied, kept.ScriptWritten
	m.Run.Completed, m.Run.CompletedAtBaseline = kept.Completed, kept.Returned
	m.Stage.Name, m.Stage.Timer = kept.Step, rollout.Timer{Since: timeOf(kept.GateSince), Elapsed: durationOf(kept.GateElapsed, 0)}
	m.Model.CompletedETag, m.Model.CompletedCapacity = kept.SettledETag, int(kept.SettledCapacity)
	m.ScaleSet.ID, m.ScaleSet.ReplacedBy = kept.ScaleSetID, kept.OtherScaleSetID
	m.Timers.ListShortSince = timeOf(kept.ListShortSince)
	m.Timers.UnhealthySince, m.Pacing.LastBatchEnd = timeOf(kept.UnhealthySince), timeOf(kept.LastBatchEndTime)
	m.Pacing.ExposedThen = int(kept.LastExposed)
	m.Pacing.LastUpgradeDuration, m.Pacing.NoEffectCount = durationOf(kept.Pace, 0), int(kept.Fruitless)
	m.Pacing.NotBefore, m.Pacing.Throttled = timeOf(kept.NotBefore), kept.Throttled
	m.Pacing.Deferred, m.Pacing.ReadsDeferred = putOffOf(kept.PutOff), putOffOf(kept.Unread)
	m.Rollback.LastCompletedRevision, m.Model.SettingsDigest, m.RepairsSuspended = kept.Stable, kept.Settings, kept.RepairsSuspended
	m.Timers.Progress = rollout.ProgressTimer{
		Timer:   rollout.Timer{Since: timeOf(kept.ProgressSince), Elapsed: durationOf(kept.ProgressElapsed, 0)},
		Reached: int(kept.ProgressCount),
	}
	if b := kept.Baseline; b != nil {
		since := time.Time{}
		if b.Since != nil {
			since = b.Since.UTC()
		}
		m.Rollback.Baseline = rollout.Baseline{
			Revision: b.Revision, Source: rollout.BaselineSource(b.Source), SecretName: b.Secret, SecretDigest: b.Digest, Run: b.Run, Fixed: b.Fixed,
			NewestInstanceAt: since, Invalid: b.Why, Unavailable: b.Lost,
		}
	}
	if g := kept.Gates; g != nil {
		m.Stage.Approved, m.Stage.Promoted, m.Stage.PromoteAll = g.Approved, g.Promoted, g.PromoteFull
	}
	recallOutside(m, kept)
	if k := kept.Machines; k != nil {
		m.Ledger.Exposed, m.Ledger.Verified = idsOf(k.Exposed), idsOf(k.Verified)
		m.Preempted.Instances, m.Preempted.At, m.Ledger.Skipped = refsOf(k.Former), timeOf(k.FormerSince), refsOf(k.Skipped)
		m.Pacing.NoEffectInstances = refsOf(k.Unchanged)
		m.Preempted.CreatedAt, m.Preempted.ID = timeOf(k.FormerBegunTime), k.FormerID
	}
}

func operationOf(op *v1alpha1.Operation) *rollout.Operation {
	if op == nil {
		return nil
	}
	out := &rollout.Operation{
		Run:            op.Run,
		Rollback:       op.Back,
		ReplacesOSDisk: op.NewDisks,
		Kind:           rollout.OperationKind(op.Kind),
		Attempt:        int(op.Attempt),
		CreatedAt:      timeOf(op.IntentTime),
		AcceptedAt:     timeOf(op.BegunTime),
		AzureTime:      timeOf(op.AzureTime),
		EndedAt:        timeOf(op.EndedTime),
		NextPollAt:     timeOf(op.PollTime),
		LastReadingAt:  timeOf(op.SeenTime),
		PollToken:      op.Token,
		ID:             op.ID,
		Error:          rememberedProblem(op.Trouble),
		Rejection:      rememberedProblem(op.Refused),
	}
	for _, ref := range op.Instances {
		out.Instances = append(out.Instances, attemptOf(ref))
	}
	return out
}

func refsOf(refs []v1alpha1.InstanceReference) []rollout.Ref {
	var out []rollout.Ref
	for _, ref := range refs {
		out = append(out, refOf(ref))
	}
	return out
}

func rememberedProblem(p *v1alpha1.Problem) *rollout.Problem {
	if p == nil {
		return nil
	}
	return &rollout.Problem{Kind: rollout.Kind(p.Kind), Code: p.Code, Message: p.Message, Remediation: p.Mend}
}

func refOf(ref v1alpha1.InstanceReference) rollout.Ref {
	return rollout.Ref{ID: ref.ID, VMID: ref.VMID}
}

func attemptOf(ref v1alpha1.InstanceReference) rollout.Attempt {
	return rollout.Attempt{
		Ref: refOf(ref), OSDisk: ref.OSDisk, HealthySince: timeOf(ref.HealthySince), Try: int(ref.Attempt), Successes: int(ref.Successes),
	}
}

// remember makes the status say what the memory holds. Times are kept to the second: what happened is rounded down, and what
// something waits for is rounded up, so that nothing is tried too early. Doing it twice changes nothing.
func remember(status *v1alpha1.VMSSRolloutStatus, m rollout.State) {
	status.Run, status.Revision = m.Run.Number, m.Run.Revision
	status.Operation = operationFrom(m.Operation)
	status.FailedInstances = named(m.Ledger.Failed)
	status.StartTime, status.GoingBack = happened(m.Run.StartedAt), returnFrom(m.Rollback.Current)
	status.Actions, status.History = takenFrom(m.Actions), endedFrom(m.History)
	status.Bookkeeping = keep(m)
}

// keep is what is kept between rounds and is not meant for people; nil for nothing.
func keep(m rollout.State) *v1alpha1.Bookkeeping {
	kept := v1alpha1.Bookkeeping{
		Step:             m.Stage.Name,
		GateSince:        awaited(m.Stage.Timer.Since), // rounded up, so that no soak is ever short
		GateElapsed:      lasted(m.Stage.Timer.Elapsed),
		ModelApplied:     m.Model.Applied,
		ScriptWritten:    m.Model.ScriptWritten,
		Completed:        m.Run.Completed,
		SettledETag:      m.Model.CompletedETag,
		SettledCapacity:  count(m.Model.CompletedCapacity),
		ScaleSetID:       m.ScaleSet.ID,
		OtherScaleSetID:  m.ScaleSet.ReplacedBy,
		ListShortSince:   happened(m.Timers.ListShortSince),
		UnhealthySince:   happened(m.Timers.UnhealthySince),
		LastBatchEndTime: happened(m.Pacing.LastBatchEnd),
		LastExposed:      count(m.Pacing.ExposedThen),
		Pace:             lasted(m.Pacing.LastUpgradeDuration),
		Fruitless:        count(m.Pacing.NoEffectCount),
		NotBefore:        awaited(m.Pacing.NotBefore),
		Throttled:        m.Pacing.Throttled,
		PutOff:           putOffFrom(m.Pacing.Deferred),
		Unread:           putOffFrom(m.Pacing.ReadsDeferred),
		Baseline:         baselineFrom(m.Rollback.Baseline),
		Settings:         m.Model.SettingsDigest,
		Stable:           m.Rollback.LastCompletedRevision,
		Returned:         m.Run.CompletedAtBaseline,
		ProgressSince:    awaited(m.Timers.Progress.Since),
		ProgressElapsed:  lasted(m.Timers.Progress.Elapsed),
		ProgressCount:    count(m.Timers.Progress.Reached),
		RepairsSuspended: m.RepairsSuspended,
	}
	if len(m.Stage.Approved) > 0 || m.Stage.Promoted != "" || m.Stage.PromoteAll {
		kept.Gates = &v1alpha1.GateBookkeeping{Approved: m.Stage.Approved, Promoted: m.Stage.Promoted, PromoteFull: m.Stage.PromoteAll}
	}
	keepOutside(&kept, m)
	machines := v1alpha1.MachineBookkeeping{
		Exposed: idsFrom(m.Ledger.Exposed), Verified: idsFrom(m.Ledger.Verified), Failed: grouped(m.Ledger.Failed),
		Former: refsFrom(m.Preempted.Instances), FormerSince: happened(m.Preempted.At),
		Skipped: refsFrom(m.Ledger.Skipped), Unchanged: refsFrom(m.Pacing.NoEffectInstances),
		FormerBegunTime: happened(m.Preempted.CreatedAt), FormerID: conditions.Shorten(m.Preempted.ID, maxCodeSize),
	}
	if !reflect.ValueOf(machines).IsZero() {
		kept.Machines = &machines
	}
	if reflect.ValueOf(kept).IsZero() {
		return nil
	}
	return &kept
}

func baselineFrom(b rollout.Baseline) *v1alpha1.BaselineBookkeeping {
	if b == (rollout.Baseline{}) {
		return nil
	}
	var since *metav1.MicroTime
	if !b.NewestInstanceAt.IsZero() {
		since = new(metav1.NewMicroTime(b.NewestInstanceAt.UTC().Truncate(time.Microsecond))) // Azure's clock, to be compared with Azure's
	}
	return &v1alpha1.BaselineBookkeeping{
		Revision: b.Revision, Source: v1alpha1.BaselineSource(b.Source), Secret: b.SecretName, Digest: b.SecretDigest, Run: b.Run, Fixed: b.Fixed,
		Since: since, Why: conditions.Shorten(b.Invalid, maxLedgerMessageSize), Lost: conditions.Shorten(b.Unavailable, maxLedgerMessageSize),
	}
}

func operationFrom(op *rollout.Operation) *v1alpha1.Operation {
	if op == nil {
		return nil
	}
	out := &v1alpha1.Operation{
		Kind:       v1alpha1.OperationKind(op.Kind),
		Run:        op.Run,
		Back:       op.Rollback,
		NewDisks:   op.ReplacesOSDisk,
		Attempt:    count(op.Attempt),
		IntentTime: happened(op.CreatedAt),
		BegunTime:  happened(op.AcceptedAt),
		AzureTime:  happened(op.AzureTime),
		EndedTime:  happened(op.EndedAt),
		PollTime:   awaited(op.NextPollAt),
		SeenTime:   happened(op.LastReadingAt),
		ID:         conditions.Shorten(op.ID, maxCodeSize),
		Trouble:    problemFrom(op.Error),
		Refused:    problemFrom(op.Rejection),
	}
	// Half a token resumes nothing, and losing it changes nothing.
	if len(op.PollToken) <= maxTokenSize {
		out.Token = op.PollToken
	}
	for _, attempt := range op.Instances {
		out.Instances = append(out.Instances, attemptFrom(attempt))
	}
	return out
}

func refsFrom(refs []rollout.Ref) []v1alpha1.InstanceReference {
	var out []v1alpha1.InstanceReference
	for _, ref := range refs {
		out = append(out, refFrom(ref))
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
		Mend:    conditions.Shorten(p.Remediation, maxLedgerMessageSize),
	}
}

// beginning is as much of a machine's UUID as tells it from another one that gets its id.
func beginning(vmID string) string {
	if len(vmID) == 36 && vmID[8] == '-' && vmID[13] == '-' {
		return vmID[:8]
	}
	return vmID
}

func refFrom(ref rollout.Ref) v1alpha1.InstanceReference {
	return v1alpha1.InstanceReference{ID: ref.ID, VMID: beginning(ref.VMID)}
}

func attemptFrom(a rollout.Attempt) v1alpha1.InstanceReference {
	return v1alpha1.InstanceReference{
		ID: a.ID, VMID: beginning(a.VMID), OSDisk: a.OSDisk, HealthySince: happened(a.HealthySince),
		Attempt: count(a.Try), Successes: count(a.Successes),
	}
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

// lasted is nil for no time at all.
func lasted(d time.Duration) *metav1.Duration {
	if d == 0 {
		return nil
	}
	return &metav1.Duration{Duration: d}
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
