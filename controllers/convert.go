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
func memoryOf(status v1alpha1.VMSSRolloutStatus) (rollout.Memory, error) {
	status, err := unpacked(status)
	if err != nil {
		return rollout.Memory{}, err
	}
	m := rollout.Memory{
		Run: status.Run, Revision: status.Revision, Started: timeOf(status.StartTime), Operation: operationOf(status.Operation),
		Return: returnOf(status.GoingBack), Taken: takenOf(status.Actions), Ended: endedOf(status.History),
	}
	recall(&m, status.Bookkeeping)
	m.Failed = failuresOf(status)
	return m, nil
}

// recall reads what is kept between rounds and is not meant for people.
func recall(m *rollout.Memory, kept *v1alpha1.Bookkeeping) {
	if kept == nil {
		return
	}
	m.ModelApplied, m.ScriptWritten, m.Completed, m.Returned = kept.ModelApplied, kept.ScriptWritten, kept.Completed, kept.Returned
	m.Step, m.Gate = kept.Step, rollout.Gate{Since: timeOf(kept.GateSince), Elapsed: durationOf(kept.GateElapsed, 0)}
	m.SettledETag, m.SettledSize = kept.SettledETag, int(kept.SettledCapacity)
	m.Set, m.OtherSet = kept.ScaleSetID, kept.OtherScaleSetID
	m.ShortSince = timeOf(kept.ListShortSince)
	m.UnhealthySince, m.LastBatchEnd = timeOf(kept.UnhealthySince), timeOf(kept.LastBatchEndTime)
	m.LastExposed = int(kept.LastExposed)
	m.Pace, m.Fruitless = durationOf(kept.Pace, 0), int(kept.Fruitless)
	m.NotBefore, m.Throttled = timeOf(kept.NotBefore), kept.Throttled
	m.PutOff, m.Unread = putOffOf(kept.PutOff), putOffOf(kept.Unread)
	m.Stable, m.Settings, m.RepairsSuspended = kept.Stable, kept.Settings, kept.RepairsSuspended
	m.Stall = rollout.Stall{
		Gate:  rollout.Gate{Since: timeOf(kept.ProgressSince), Elapsed: durationOf(kept.ProgressElapsed, 0)},
		Count: int(kept.ProgressCount),
	}
	if b := kept.Baseline; b != nil {
		since := time.Time{}
		if b.Since != nil {
			since = b.Since.UTC()
		}
		m.Baseline = rollout.Baseline{
			Name: b.Revision, Source: rollout.BaselineSource(b.Source), Secret: b.Secret, Digest: b.Digest, Run: b.Run, Fixed: b.Fixed,
			Since: since, Why: b.Why, Lost: b.Lost,
		}
	}
	if g := kept.Gates; g != nil {
		m.Approved, m.Promoted, m.PromoteFull = g.Approved, g.Promoted, g.PromoteFull
	}
	recallOutside(m, kept)
	if k := kept.Machines; k != nil {
		m.Exposed, m.Verified = idsOf(k.Exposed), idsOf(k.Verified)
		m.Former, m.FormerSince, m.Skipped = refsOf(k.Former), timeOf(k.FormerSince), refsOf(k.Skipped)
		m.Unchanged = refsOf(k.Unchanged)
		m.FormerBegun, m.FormerID = timeOf(k.FormerBegunTime), k.FormerID
	}
}

func operationOf(op *v1alpha1.Operation) *rollout.Operation {
	if op == nil {
		return nil
	}
	out := &rollout.Operation{
		Run:      op.Run,
		Back:     op.Back,
		NewDisks: op.NewDisks,
		Kind:     rollout.OperationKind(op.Kind),
		Attempt:  int(op.Attempt),
		IntentAt: timeOf(op.IntentTime),
		BegunAt:  timeOf(op.BegunTime),
		AzureAt:  timeOf(op.AzureTime),
		EndedAt:  timeOf(op.EndedTime),
		PollAt:   timeOf(op.PollTime),
		SeenAt:   timeOf(op.SeenTime),
		Token:    op.Token,
		ID:       op.ID,
		Trouble:  rememberedProblem(op.Trouble),
		Refused:  rememberedProblem(op.Refused),
	}
	out.Instances = refsOf(op.Instances)
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
	return &rollout.Problem{Kind: rollout.Kind(p.Kind), Code: p.Code, Message: p.Message, Mend: p.Mend}
}

func refOf(ref v1alpha1.InstanceReference) rollout.Ref {
	return rollout.Ref{
		ID: ref.ID, VMID: ref.VMID, OSDisk: ref.OSDisk, HealthySince: timeOf(ref.HealthySince),
		Attempt: int(ref.Attempt), Successes: int(ref.Successes),
	}
}

// remember makes the status say what the memory holds. Times are kept to the second: what happened is rounded down, and what
// something waits for is rounded up, so that nothing is tried too early. Doing it twice changes nothing.
func remember(status *v1alpha1.VMSSRolloutStatus, m rollout.Memory) {
	status.Run, status.Revision = m.Run, m.Revision
	status.Operation = operationFrom(m.Operation)
	status.FailedInstances = named(m.Failed)
	status.StartTime, status.GoingBack = happened(m.Started), returnFrom(m.Return)
	status.Actions, status.History = takenFrom(m.Taken), endedFrom(m.Ended)
	status.Bookkeeping = keep(m)
}

// keep is what is kept between rounds and is not meant for people; nil for nothing.
func keep(m rollout.Memory) *v1alpha1.Bookkeeping {
	kept := v1alpha1.Bookkeeping{
		Step:             m.Step,
		GateSince:        awaited(m.Gate.Since), // rounded up, so that no soak is ever short
		GateElapsed:      lasted(m.Gate.Elapsed),
		ModelApplied:     m.ModelApplied,
		ScriptWritten:    m.ScriptWritten,
		Completed:        m.Completed,
		SettledETag:      m.SettledETag,
		SettledCapacity:  count(m.SettledSize),
		ScaleSetID:       m.Set,
		OtherScaleSetID:  m.OtherSet,
		ListShortSince:   happened(m.ShortSince),
		UnhealthySince:   happened(m.UnhealthySince),
		LastBatchEndTime: happened(m.LastBatchEnd),
		LastExposed:      count(m.LastExposed),
		Pace:             lasted(m.Pace),
		Fruitless:        count(m.Fruitless),
		NotBefore:        awaited(m.NotBefore),
		Throttled:        m.Throttled,
		PutOff:           putOffFrom(m.PutOff),
		Unread:           putOffFrom(m.Unread),
		Baseline:         baselineFrom(m.Baseline),
		Settings:         m.Settings,
		Stable:           m.Stable,
		Returned:         m.Returned,
		ProgressSince:    awaited(m.Stall.Since),
		ProgressElapsed:  lasted(m.Stall.Elapsed),
		ProgressCount:    count(m.Stall.Count),
		RepairsSuspended: m.RepairsSuspended,
	}
	if len(m.Approved) > 0 || m.Promoted != "" || m.PromoteFull {
		kept.Gates = &v1alpha1.GateBookkeeping{Approved: m.Approved, Promoted: m.Promoted, PromoteFull: m.PromoteFull}
	}
	keepOutside(&kept, m)
	machines := v1alpha1.MachineBookkeeping{
		Exposed: idsFrom(m.Exposed), Verified: idsFrom(m.Verified), Failed: grouped(m.Failed),
		Former: refsFrom(m.Former), FormerSince: happened(m.FormerSince),
		Skipped: refsFrom(m.Skipped), Unchanged: refsFrom(m.Unchanged),
		FormerBegunTime: happened(m.FormerBegun), FormerID: conditions.Shorten(m.FormerID, maxCodeSize),
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
	if !b.Since.IsZero() {
		since = new(metav1.NewMicroTime(b.Since.UTC().Truncate(time.Microsecond))) // Azure's clock, to be compared with Azure's
	}
	return &v1alpha1.BaselineBookkeeping{
		Revision: b.Name, Source: v1alpha1.BaselineSource(b.Source), Secret: b.Secret, Digest: b.Digest, Run: b.Run, Fixed: b.Fixed,
		Since: since, Why: conditions.Shorten(b.Why, maxLedgerMessageSize), Lost: conditions.Shorten(b.Lost, maxLedgerMessageSize),
	}
}

func operationFrom(op *rollout.Operation) *v1alpha1.Operation {
	if op == nil {
		return nil
	}
	out := &v1alpha1.Operation{
		Kind:       v1alpha1.OperationKind(op.Kind),
		Run:        op.Run,
		Back:       op.Back,
		NewDisks:   op.NewDisks,
		Attempt:    count(op.Attempt),
		IntentTime: happened(op.IntentAt),
		BegunTime:  happened(op.BegunAt),
		AzureTime:  happened(op.AzureAt),
		EndedTime:  happened(op.EndedAt),
		PollTime:   awaited(op.PollAt),
		SeenTime:   happened(op.SeenAt),
		ID:         conditions.Shorten(op.ID, maxCodeSize),
		Trouble:    problemFrom(op.Trouble),
		Refused:    problemFrom(op.Refused),
	}
	// Half a token resumes nothing, and losing it changes nothing.
	if len(op.Token) <= maxTokenSize {
		out.Token = op.Token
	}
	out.Instances = refsFrom(op.Instances)
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
		Mend:    conditions.Shorten(p.Mend, maxLedgerMessageSize),
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
	return v1alpha1.InstanceReference{
		ID: ref.ID, VMID: beginning(ref.VMID), OSDisk: ref.OSDisk, HealthySince: happened(ref.HealthySince),
		Attempt: count(ref.Attempt), Successes: count(ref.Successes),
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
