// Package formerstatus reads the status that controllers of before December 2026 wrote: the state of a rollout was spread over its fields
// then. A status is read like this once; what is written is status.controllerState. Nothing else belongs here.
package formerstatus

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// maxUnpacked bounds what is decompressed, in bytes. A status of 1,000 instances takes a fiftieth of it.
const maxUnpacked = 4 << 20

// ErrNoBookkeeping is the error for a status without the field bookkeeping: it is no former status, or lost what the controller needs.
var ErrNoBookkeeping = errors.New("it has neither controllerState nor bookkeeping")

// State returns what a former status, as JSON, says of the rollout.
func State(document []byte) (rollout.State, error) {
	var s status
	if err := json.Unmarshal(document, &s); err != nil {
		return rollout.State{}, fmt.Errorf("decoding a former status: %w", err)
	}
	if s.Bookkeeping == nil {
		return rollout.State{}, ErrNoBookkeeping
	}
	if err := s.unpack(); err != nil {
		return rollout.State{}, fmt.Errorf("reading bookkeeping.packed of a former status: %w", err)
	}
	return s.state(), nil
}

// unpack puts back what was compressed, where a status was large.
func (s *status) unpack() error {
	if s.Bookkeeping == nil || len(s.Bookkeeping.Packed) == 0 {
		return nil
	}
	rest, err := decompress(s.Bookkeeping.Packed)
	if err != nil {
		return err
	}
	s.Bookkeeping = rest.Bookkeeping
	if s.Operation != nil {
		s.Operation.Instances = append(s.Operation.Instances, rest.InFlight...)
	}
	s.FailedInstances = append(s.FailedInstances, rest.Failed...)
	s.Actions = append(rest.Actions, s.Actions...)
	return nil
}

func decompress(packed []byte) (rest overflow, err error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return overflow{}, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxUnpacked))
	if err = errors.Join(err, r.Close()); err != nil {
		return overflow{}, err
	}
	return rest, json.Unmarshal(text, &rest)
}

func (s *status) state() rollout.State {
	m := rollout.State{
		Run:       rollout.Run{Number: s.Run, Revision: s.Revision, StartedAt: s.StartTime.UTC()},
		Operation: s.Operation.operation(),
		Actions:   appliedActions(s.Actions),
		History:   pastRuns(s.History),
	}
	if b := s.GoingBack; b != nil {
		m.Rollback.Current = &rollout.Rollback{
			Kind: b.Kind, Cause: b.Cause, Revision: b.Revision, AllInstances: b.All, Message: b.Message, RequestedBy: b.RequestedBy,
			StartedAt: b.StartTime.UTC(), ModelRestoredAt: b.RestoredTime.UTC(), Done: b.Done, Differences: b.Differences,
		}
	}
	if kept := s.Bookkeeping; kept != nil {
		kept.fill(&m)
	}
	m.Ledger.Failed = s.failures()
	return m
}

// fill adds what was kept beside the fields for people.
func (k *bookkeeping) fill(m *rollout.State) {
	m.ScaleSet = rollout.ScaleSetState{ID: k.ScaleSetID, ReplacedBy: k.OtherScaleSetID}
	m.Run.Completed, m.Run.CompletedAtBaseline = k.Completed, k.Returned
	m.Model = rollout.ModelState{
		Applied: k.ModelApplied, ScriptWritten: k.ScriptWritten, SettingsDigest: k.Settings,
		CompletedETag: k.SettledETag, CompletedCapacity: k.SettledCapacity,
	}
	m.Stage.Name, m.Stage.Timer = k.Step, rollout.Timer{Since: k.GateSince.UTC(), Elapsed: k.GateElapsed.Duration}
	m.Timers = rollout.Timers{
		Progress: rollout.ProgressTimer{
			Timer: rollout.Timer{Since: k.ProgressSince.UTC(), Elapsed: k.ProgressElapsed.Duration}, Reached: k.ProgressCount,
		},
		UnhealthySince: k.UnhealthySince.UTC(), ListShortSince: k.ListShortSince.UTC(),
	}
	m.Pacing = rollout.Pacing{
		LastBatchEnd: k.LastBatchEndTime.UTC(), ExposedThen: k.LastExposed, LastUpgradeDuration: k.Pace.Duration, NoEffectCount: k.Fruitless,
		NotBefore: k.NotBefore.UTC(), Throttled: k.Throttled, Deferred: k.PutOff.deferral(), ReadsDeferred: k.Unread.deferral(),
	}
	m.Rollback.LastCompletedRevision, m.RepairsSuspended = k.Stable, k.RepairsSuspended
	m.Rollback.Baseline = rollout.Baseline{
		Revision: k.Baseline.Revision, Source: k.Baseline.Source, SecretName: k.Baseline.Secret, SecretDigest: k.Baseline.Digest,
		Run: k.Baseline.Run, Fixed: k.Baseline.Fixed, NewestInstanceAt: k.Baseline.Since.UTC(),
		Invalid: k.Baseline.Why, Unavailable: k.Baseline.Lost,
	}
	if b := &m.Rollback.Baseline; b.Unavailable == formerBaselineIsTarget {
		b.IsTarget, b.Unavailable = true, ""
	}
	m.Stage.Approved, m.Stage.Promoted, m.Stage.PromoteAll = k.Gates.Approved, k.Gates.Promoted, k.Gates.PromoteFull
	m.Stage.ChecksPassed, m.Stage.FailedCheck, m.Stage.GateResets = k.Checks.Passed, k.Checks.Rejected, k.Checks.Spoilt
	m.Tasks = k.Hooks.tasks(m.Operation)
	k.Instances.fill(m)
	m.Ledger.Cordoned = idsOf(k.Drained)
}

// formerBaselineIsTarget is the text by which the former status said that the baseline is the target itself.
const formerBaselineIsTarget = "what was there before is the target itself, so there is nothing to go back to; declare spec.baseline"

func (k *instances) fill(m *rollout.State) {
	m.Ledger.Exposed, m.Ledger.Verified, m.Ledger.Skipped = idsOf(k.Exposed), idsOf(k.Verified), refsOf(k.Skipped)
	m.Preempted = rollout.PreemptedOperation{
		Instances: refsOf(k.Former), At: k.FormerSince.UTC(), CreatedAt: k.FormerBegunTime.UTC(), ID: k.FormerID,
	}
	m.Pacing.NoEffectInstances = refsOf(k.Unchanged)
}

func (p deferral) deferral() rollout.Deferral {
	return rollout.Deferral{Kind: p.Kind, Since: p.Since.UTC(), Until: p.Until.UTC(), Attempts: p.Times, Message: p.Says}
}

func (o *operation) operation() *rollout.Operation {
	if o == nil {
		return nil
	}
	out := &rollout.Operation{
		Run: o.Run, Kind: o.Kind, Rollback: o.Back, ReplacesOSDisk: o.NewDisks, Attempt: o.Attempt,
		CreatedAt: o.IntentTime.UTC(), AcceptedAt: o.BegunTime.UTC(), AzureTime: o.AzureTime.UTC(), EndedAt: o.EndedTime.UTC(),
		NextPollAt: o.PollTime.UTC(), LastReadingAt: o.SeenTime.UTC(), PollToken: o.Token, ID: o.ID,
		Error: o.Trouble.problem(), Rejection: o.Refused.problem(),
	}
	for _, i := range o.Instances {
		out.Instances = append(out.Instances, rollout.Attempt{
			Ref: i.ref(), OSDisk: i.OSDisk, HealthySince: i.HealthySince.UTC(), Try: i.Attempt, Successes: i.Successes,
		})
	}
	return out
}

func (p *problem) problem() *rollout.Problem {
	if p == nil {
		return nil
	}
	return &rollout.Problem{Kind: p.Kind, Code: p.Code, Message: p.Message, Remediation: p.Remediation}
}

// failures returns the failures that were named each by itself, and then those that were grouped by how they failed.
func (s *status) failures() []rollout.Failure {
	var out []rollout.Failure
	for _, f := range s.FailedInstances {
		out = append(out, rollout.Failure{
			Ref: f.ref(), Try: f.Attempt, OSDisk: f.OSDisk, Reason: f.Reason, Message: f.Message, At: f.Time.UTC(),
		})
	}
	if s.Bookkeeping == nil {
		return out
	}
	for _, group := range s.Bookkeeping.Instances.Failed {
		for _, id := range idsOf(group.Instances) {
			out = append(out, rollout.Failure{Ref: rollout.Ref{ID: id}, Try: group.Attempt, Reason: group.Reason})
		}
	}
	return out
}

// tasks returns the hook calls. An instance that is in the operation has its vmId from there.
func (h hooks) tasks(op *rollout.Operation) rollout.TaskState {
	out := rollout.TaskState{Sequence: h.Number, StepBefore: h.Before, StepAfter: h.After}
	for _, c := range h.Calls {
		call := rollout.HookInvocation{
			Point: c.At, Sequence: c.Number, Since: c.Since.UTC(), Instances: refsOf(c.Instances),
			DrainingSince: c.DrainSince.UTC(), Subject: c.About,
		}
		for _, id := range idsOf(c.OfOperation) {
			call.Instances = append(call.Instances, rollout.Ref{ID: id, VMID: vmIDOf(op, id)})
		}
		for _, done := range c.Done {
			call.Done = append(call.Done, rollout.HookCallsDone{Hook: done.Hook, InstanceIDs: idsOf(done.Instances)})
		}
		out.Hooks = append(out.Hooks, call)
	}
	return out
}

func vmIDOf(op *rollout.Operation, id string) string {
	if op == nil {
		return ""
	}
	for _, a := range op.Instances {
		if a.ID == id {
			return a.VMID
		}
	}
	return ""
}

func refsOf(all []instance) []rollout.Ref {
	var out []rollout.Ref
	for _, i := range all {
		out = append(out, i.ref())
	}
	return out
}

func appliedActions(all []action) []rollout.AppliedAction {
	var out []rollout.AppliedAction
	for _, a := range all {
		out = append(out, rollout.AppliedAction{
			UID: a.UID, Verb: a.Action, Step: a.Step, Instance: a.Instance, RequestedBy: a.RequestedBy, RequesterVerified: a.Verified,
			At: a.Time.UTC(),
		})
	}
	return out
}

func pastRuns(all []pastRun) []rollout.PastRun {
	var out []rollout.PastRun
	for _, r := range all {
		out = append(out, rollout.PastRun{
			Number: r.Run, Revision: r.Revision, PreviousRevision: r.Baseline, Result: r.Outcome, Message: r.Message,
			StartedAt: r.StartTime.UTC(), EndedAt: r.EndTime.UTC(), Actions: appliedActions(r.Actions),
		})
	}
	return out
}

// duration is a time.Duration as JSON had it, such as 1m30s.
type duration struct{ time.Duration }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *duration) UnmarshalText(text []byte) (err error) {
	d.Duration, err = time.ParseDuration(string(text))
	return err
}
