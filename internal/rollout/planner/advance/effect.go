package advance

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// BeginOperation turns an effect into a durable intent and the hold that carries it out. If the last answer to the very same intent was a
// refusal, that record stays as it is, so that a repeated refusal writes nothing.
func BeginOperation(d *Draft, step rollout.Step, attempts []rollout.Attempt) *view.Hold {
	op := &rollout.Operation{
		Run: d.State.Run.Number, Rollback: d.State.IsRollingBack(), Kind: step.Operation(), Instances: attempts,
		Attempt: noEffectsOn(d.State, rollout.Refs(attempts)) + 1, CreatedAt: d.At(), AzureTime: d.Model().ReadAt,
	}
	op.ReplacesOSDisk = replacesOSDisk(d, op)
	if last := d.State.Operation; last != nil && last.Rejection != nil && last.Kind == op.Kind && slices.Equal(last.Instances, op.Instances) {
		h := view.Rejected(last, view.RecheckRefused)
		h.Step = step
		return h
	}
	d.State.Operation = op
	if b := &d.State.Rollback.Baseline; op.WritesModel() && b.NewestInstanceAt.IsZero() {
		b.NewestInstanceAt = newestInstance(d)
	}
	for _, a := range attempts {
		Expose(d, a.ID) // whatever becomes of it: the model may be another one before that can be read
	}
	d.State.Pacing.Throttled = false
	d.Forget()
	return view.Effect(step, "%s", view.DescribeProgress(d.View, op))
}

// replacesOSDisk reports whether each instance of the operation gets a new OS disk: by a reimage, or since it boots from another image than
// the model's.
func replacesOSDisk(d *Draft, op *rollout.Operation) bool {
	if !op.TouchesInstances() {
		return false
	}
	keepsDisk := func(a rollout.Attempt) bool {
		i, listed := d.Find(a.Ref)
		return !listed || i.Disk.Image == nil || i.Disk.Image.Same(d.Model().Image)
	}
	return op.Kind == rollout.ReimageOperation || !slices.ContainsFunc(op.Instances, keepsDisk)
}

// newestInstance is when the newest listed instance was created, to the microsecond. Azure's clock decides which instances are newer. Where
// Azure does not say, it is now.
func newestInstance(d *Draft) time.Time {
	now := d.Model().ReadAt
	if now.IsZero() {
		now = d.At()
	}
	newest := now
	for n, i := range d.Instances() {
		if n == 0 || i.CreatedAt.After(newest) {
			newest = i.CreatedAt
		}
	}
	if newest.IsZero() {
		newest = now
	}
	return newest.Truncate(time.Microsecond)
}
