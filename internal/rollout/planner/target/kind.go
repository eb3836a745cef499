package target

import (
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Kind is one kind of target: a part of a release that is declared, written into the model, and put back.
type Kind interface {
	// Name names for people what is in the model.
	Name() string
	// Part names for people what a target declares.
	Part() string
	// IsDeclared reports whether the target declares the part.
	IsDeclared(rollout.Target) bool
	// IsCarried reports whether the model has what the target declares. Written says that this run wrote the part: what cannot be read back is
	// right only then.
	IsCarried(t rollout.Target, m rollout.Model, written bool) bool
	// Shows reports whether the model shows a write of the part. Accepted says that Azure is known to have accepted it.
	Shows(t rollout.Target, m rollout.Model, accepted bool) bool
	// Contradicts reports whether what the instance shows is not possible with the target. What it does not show contradicts nothing.
	Contradicts(rollout.Target, rollout.Instance) bool
	// Contradiction says for people how the instance, at the latest model, contradicts the target; "": it does not, or says so elsewhere.
	Contradiction(rollout.Target, rollout.Instance) string
	// Failed reports whether the instance shows that the target failed on it.
	Failed(rollout.Target, rollout.Instance) bool
	// Write returns the step that writes the part into the model.
	Write(rollout.Target, rollout.Model) rollout.Step
	// Doing says for people what an operation does with the part; "": it is about another one.
	Doing(rollout.OperationKind) string
	// Apply changes the model as the step does, and reports whether the step is about the part.
	Apply(rollout.Step, *rollout.Model) bool

	// Has reports whether the snapshot holds all that the target declares of the part.
	Has(rollout.Snapshot, rollout.Target) bool
	// Complete takes from one snapshot what of the part another one lacks.
	Complete(from rollout.Snapshot, to *rollout.Snapshot)
	// Keep leaves of the part in the snapshot what the target declares.
	Keep(rollout.Target, *rollout.Snapshot)
	// Meets reports whether the target declares just what the snapshot holds of the part.
	Meets(rollout.Snapshot, rollout.Target) bool
	// Declare puts the part into the target as the snapshot holds it, so that a write restores it.
	Declare(rollout.Snapshot, *rollout.Target)
	// FromTarget puts into the snapshot what the target leaves in a model that carries it. Digest is that of the protected settings.
	FromTarget(t rollout.Target, m rollout.Model, digest string, to *rollout.Snapshot)
	// FromModel puts what the snapshot lacks of the part into it as the model has it. It returns why that cannot be relied on; "": it can.
	FromModel(t rollout.Target, m rollout.Model, instances []rollout.Instance, to *rollout.Snapshot) (unreliable string)
}

// kinds are all kinds of target, in the order in which they are written.
var kinds = []Kind{image{}, script{}, application{}}

// Doing says what an operation on the model does; "": it is none.
func Doing(operation rollout.OperationKind) string {
	for _, k := range kinds {
		if text := k.Doing(operation); text != "" {
			return text
		}
	}
	return ""
}

// Apply changes the model as a step does that writes it, and reports whether the step does.
func Apply(step rollout.Step, m *rollout.Model) bool {
	return slices.ContainsFunc(kinds, func(k Kind) bool { return k.Apply(step, m) })
}

// Contradiction says how the instance, at the latest model, contradicts the target; "": it does not.
func Contradiction(t rollout.Target, i rollout.Instance) string {
	for _, k := range kinds {
		if text := k.Contradiction(t, i); text != "" {
			return text
		}
	}
	return ""
}

// Carries reports whether the model has what the target declares, in every part.
func Carries(t rollout.Target, m rollout.Model, scriptWritten bool) bool {
	return len(notCarried(t, m, scriptWritten)) == 0
}

// Drifted names the parts in which the model is not what the target declares.
func Drifted(t rollout.Target, m rollout.Model, scriptWritten bool) string {
	var names []string
	for _, k := range notCarried(t, m, scriptWritten) {
		names = append(names, k.Name())
	}
	return strings.Join(names, " and ")
}

// NextWrite returns the step that writes the first part that the model does not have. There is one.
func NextWrite(t rollout.Target, m rollout.Model, scriptWritten bool) rollout.Step {
	return notCarried(t, m, scriptWritten)[0].Write(t, m)
}

func notCarried(t rollout.Target, m rollout.Model, scriptWritten bool) []Kind {
	var missing []Kind
	for _, k := range kinds {
		if !k.IsCarried(t, m, scriptWritten) {
			missing = append(missing, k)
		}
	}
	return missing
}

// Shows reports whether the model shows what the operation was to write.
func Shows(op *rollout.Operation, t rollout.Target, m rollout.Model) bool {
	return slices.ContainsFunc(kinds, func(k Kind) bool {
		return k.Doing(op.Kind) != "" && k.Shows(t, m, !op.AcceptedAt.IsZero())
	})
}

// Contradicts reports whether what the instance shows is not possible with the target.
func Contradicts(t rollout.Target, i rollout.Instance) bool {
	for _, k := range kinds {
		if k.Contradicts(t, i) {
			return true
		}
	}
	return false
}

// Failed reports whether the instance shows that a part of the target failed on it.
func Failed(t rollout.Target, i rollout.Instance) bool {
	return slices.ContainsFunc(kinds, func(k Kind) bool { return k.Failed(t, i) })
}

// IsOutdatedOnly reports that the instance has the target, since this run verified that and nothing contradicts it, and is not at the
// latest model: another tool changed other parts of the model since.
func IsOutdatedOnly(s rollout.State, t rollout.Target, i rollout.Instance) bool {
	return s.Rollback.Current == nil && i.Latest == rollout.False && !Contradicts(t, i) && s.Ledger.IsVerified(i.ID)
}
