package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// maxNamed bounds how many instances a message names.
const maxNamed = 5

// List names instances for a message, in the order of their ids, the first few: "instance 3", "instances 0, 2 and 7 more".
func List[T any](items []T, ref func(T) rollout.Ref) string {
	ids := make([]string, 0, len(items))
	for _, item := range items {
		ids = append(ids, ref(item).ID)
	}
	return ListIDs(ids)
}

// ListIDs names instances by their ids.
func ListIDs(ids []string) string {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, rollout.CompareIDs)
	if len(ids) == 1 {
		return "instance " + ids[0]
	}
	text := "instances " + strings.Join(ids[:min(len(ids), maxNamed)], ", ")
	if more := len(ids) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// ListInstances names listed instances.
func ListInstances(instances []rollout.Instance) string { return List(instances, rollout.Instance.Ref) }

// ListRefs names the instances of references.
func ListRefs(refs []rollout.Ref) string {
	return List(refs, func(ref rollout.Ref) rollout.Ref { return ref })
}

// ListAttempts names the instances of attempts.
func ListAttempts(attempts []rollout.Attempt) string { return ListRefs(rollout.Refs(attempts)) }

// FormatTime prints a time for people, to the second, in UTC.
func FormatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Describe says what an operation does.
func Describe(op *rollout.Operation) string {
	if text := target.Doing(op.Kind); text != "" {
		return text
	}
	switch op.Kind {
	case rollout.ReimageOperation:
		return "reimaging " + ListAttempts(op.Instances)
	case rollout.UpgradeOperation:
		return "upgrading " + ListAttempts(op.Instances)
	case rollout.SwitchTrafficOperation:
		return "switching the traffic"
	case rollout.ScaleOperation:
		return "scaling the scale set"
	default: // suspending and resuming repairs leaves no operation behind
	}
	return "waiting for an operation"
}

// DescribeEnd says what an operation does, and what Azure said of its end, if that was bad.
func DescribeEnd(op *rollout.Operation) string {
	if op.Error == nil {
		return Describe(op)
	}
	return Describe(op) + " ended with " + op.Error.Error()
}

// DescribeProgress says what the operation does, and how the attempt before it ended, if there was one and Azure said something.
func DescribeProgress(v *View, op *rollout.Operation) string {
	if op.Attempt < 2 || v.State.Pacing.Deferred.Message == "" {
		return Describe(op)
	}
	return Describe(op) + "; the previous attempt changed nothing" + QuoteDeferral(v.State.Pacing.Deferred)
}

// OperationName is Azure's name of the operation, and when started. Its age is left out, since that would change with every look.
func OperationName(id string, created time.Time) string {
	if id == "" {
		return ""
	}
	return fmt.Sprintf(" (operation %s, started at %s)", id, FormatTime(created))
}

// StepPrefix is the step's name for messages.
func StepPrefix(s rollout.CanaryStep) string {
	if s.Name == "" {
		return ""
	}
	return "step " + s.Name + ": "
}

// longDeferral is how long something is deferred before the rollout says since when and how often.
const longDeferral = 10 * time.Minute

// DescribeDeferral says since when and how often something is deferred; "" before that matters.
func DescribeDeferral(d rollout.Deferral, at time.Time) string {
	switch {
	case !IsLongDeferral(d, at):
		return ""
	case d.Attempts == 0:
		return "; deferred since " + FormatTime(d.Since)
	default:
		return fmt.Sprintf("; deferred since %s, %d attempts", FormatTime(d.Since), d.Attempts)
	}
}

// IsLongDeferral reports that something has been deferred for long.
func IsLongDeferral(d rollout.Deferral, at time.Time) bool {
	return !d.Since.IsZero() && !at.Before(d.Since.Add(longDeferral))
}

// QuoteDeferral is Azure's last message about what is deferred; "": nothing.
func QuoteDeferral(d rollout.Deferral) string {
	if d.Message == "" {
		return ""
	}
	return " (" + d.Message + ")"
}

// Progress says how far the rollout is.
func Progress(v *View) string {
	if !v.IsCarried() {
		return "the model does not have the target yet"
	}
	c := v.Inventory()
	return fmt.Sprintf("%s%d of %d desired instances have the target", StepPrefix(v.Step()), len(c.Updated), c.Desired)
}

// RequiredHealth says how long an instance has to stay healthy.
func RequiredHealth(h rollout.Health) string {
	if h.RequiredReadings() == 0 {
		return h.MinReady.String()
	}
	return fmt.Sprintf("%s and %d readings", h.MinReady, h.RequiredReadings())
}

// OrCordoned says that nodes which take no pods spend the budget too; "" where there are none.
func OrCordoned(v *View) string {
	if len(OutOfService(v)) == 0 {
		return ""
	}
	return " or on cordoned nodes"
}

// RollbackVerb says what a rollback does, or did.
func RollbackVerb(r *rollout.Rollback) string {
	words := map[rollout.RollbackKind][2]string{
		rollout.AbortRollback: {"aborting", "aborted"}, rollout.FullRollback: {"rolling back", "rolled back"},
	}[r.Kind]
	if r.Done {
		return words[1]
	}
	return words[0]
}

// RollbackReason is why the rollout stands where it stands during and after a rollback.
func RollbackReason(r *rollout.Rollback) rollout.Reason {
	switch {
	case r.Kind == rollout.AbortRollback && r.Done:
		return rollout.ReasonAborted
	case r.Kind == rollout.AbortRollback:
		return rollout.ReasonAborting
	case r.Done:
		return rollout.ReasonRolledBack
	default:
		return rollout.ReasonRollingBack
	}
}

// SecretChanged says that a Secret holds something else now.
func SecretChanged(secret string) string {
	return fmt.Sprintf("Secret %q changed since its settings were applied", secret)
}

// Percentage is the share in percent for messages; "" for a count.
func Percentage(s rollout.CanaryStep) string {
	if s.Percent == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d %%)", s.Percent)
}
