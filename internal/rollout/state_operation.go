package rollout

import (
	"slices"
	"strings"
	"time"
)

// Operation is an effect on Azure, from the durable intent to the verdict on every instance that it names.
type Operation struct {
	Run            int64         `json:"run,omitempty"` // number of the run that it was begun for
	Kind           OperationKind `json:"kind,omitempty"`
	Instances      []Attempt     `json:"instances,omitempty"`      // none for a write of the model
	Rollback       bool          `json:"rollback,omitempty"`       // it was begun by a rollback
	ReplacesOSDisk bool          `json:"replacesOSDisk,omitempty"` // each of its instances gets a new OS disk
	Attempt        int           `json:"attempt,omitempty"`        // from 1; one more for every time that it changed nothing
	CreatedAt      time.Time     `json:"createdAt,omitzero"`       // when it was decided
	AcceptedAt     time.Time     `json:"acceptedAt,omitzero"`      // zero: Azure is not known to have accepted it
	AzureTime      time.Time     `json:"azureTime,omitzero"`       // of acceptance or shortly before, by Azure's clock; zero: not known
	EndedAt        time.Time     `json:"endedAt,omitzero"`         // zero: not known to have ended
	NextPollAt     time.Time     `json:"nextPollAt,omitzero"`      // the first time that a poll is useful
	LastReadingAt  time.Time     `json:"lastReadingAt,omitzero"`   // of health, where more than one is required
	PollToken      string        `json:"pollToken,omitempty"`      // resumes polling; its loss changes no decision
	ID             string        `json:"id,omitempty"`             // Azure's name of the operation; "": not known
	Error          *Problem      `json:"error,omitempty"`          // why it ended badly, as Azure said
	Rejection      *Problem      `json:"rejection,omitempty"`      // why Azure refused it for good; nothing was changed
}

// OperationKind says what an operation does.
type OperationKind string

// The kinds of operation.
const (
	WriteImageOperation     OperationKind = "WriteImage"
	WriteScriptOperation    OperationKind = "WriteScript"
	RemoveScriptOperation   OperationKind = "RemoveScript"
	UpgradeOperation        OperationKind = "Upgrade"
	ReimageOperation        OperationKind = "Reimage"
	SuspendRepairsOperation OperationKind = "SuspendRepairs"
	ResumeRepairsOperation  OperationKind = "ResumeRepairs"
	SwitchTrafficOperation  OperationKind = "SwitchTraffic"
	ScaleOperation          OperationKind = "Scale"
)

// PreemptedOperation is the operation that a rollback stopped waiting for. Its instances stay suspect until they are listed at rest.
type PreemptedOperation struct {
	Instances []Ref     `json:"instances,omitempty"` // none: it was a write of the model
	At        time.Time `json:"at,omitzero"`         // since when it is not waited for; zero: there is none
	CreatedAt time.Time `json:"createdAt,omitzero"`
	ID        string    `json:"id,omitempty"` // Azure's name of it; "": not known
}

// Ref names one instance exactly: an id may come back for another instance, an id with its vmId does not.
type Ref struct {
	ID   string `json:"id,omitempty"`
	VMID string `json:"vmId,omitempty"`
	Name string `json:"name,omitempty"`
}

// Attempt is one instance of an operation, and how far it is.
type Attempt struct {
	Ref
	OSDisk       string    `json:"osDisk,omitempty"`      // for a reimage: the disk that the instance is to lose
	HealthySince time.Time `json:"healthySince,omitzero"` // first seen healthy without a break since
	Try          int       `json:"try,omitempty"`         // how often the instance was tried in this run before
	Successes    int       `json:"successes,omitempty"`   // readings in a row in which it was healthy, where more than one is required
}

// TouchesInstances reports whether the operation acts on instances, not on the model.
func (o *Operation) TouchesInstances() bool {
	return o.Kind == UpgradeOperation || o.Kind == ReimageOperation
}

// WritesModel reports whether the operation writes a part of the target into the model, or takes one out.
func (o *Operation) WritesModel() bool {
	return !o.TouchesInstances() && o.Kind != SwitchTrafficOperation && o.Kind != ScaleOperation
}

// Names reports whether the operation is about this very instance.
func (o *Operation) Names(i Instance) bool {
	return o != nil && slices.ContainsFunc(o.Instances, func(a Attempt) bool { return a.Is(i) })
}

// Is reports whether the reference means this very instance.
func (r Ref) Is(i Instance) bool { return r.Means(i.Ref()) }

// Means reports whether two references mean the same instance. The beginning of a vmId is enough to tell it from another that gets its id;
// where one is missing, the id decides.
func (r Ref) Means(o Ref) bool {
	return r.ID == o.ID && (strings.HasPrefix(o.VMID, r.VMID) || strings.HasPrefix(r.VMID, o.VMID))
}

// Ref names the instance.
func (i Instance) Ref() Ref { return Ref{ID: i.ID, VMID: i.VMID, Name: i.Name} }

// Refs names the instances of attempts.
func Refs(attempts []Attempt) []Ref {
	var refs []Ref
	for _, a := range attempts {
		refs = append(refs, a.Ref)
	}
	return refs
}

// IncludesInstance reports whether one of the attempts is at the instance that the reference means.
func IncludesInstance(attempts []Attempt, ref Ref) bool {
	return slices.ContainsFunc(attempts, func(a Attempt) bool { return a.Means(ref) })
}

// IsRetry reports that the operation tries instances again that had failed. Its failure is theirs.
func (o *Operation) IsRetry() bool {
	return slices.ContainsFunc(o.Instances, func(a Attempt) bool { return a.Try > 0 })
}

// IsPreempted reports that the operation ended because a later one took its place.
func (o *Operation) IsPreempted() bool {
	return o.Error != nil && (o.Error.Kind == KindPreempted || o.Error.Kind == KindCanceled)
}

// IsWorking reports that an effect is in flight.
func (s *State) IsWorking() bool { return s.Operation != nil && s.Operation.Rejection == nil }

// IsInOperation reports whether an effect on the instance is in flight.
func (s *State) IsInOperation(ref Ref) bool {
	return s.IsWorking() && IncludesInstance(s.Operation.Instances, ref)
}

// InFlight reports whether an effect on this very instance may be under way, the preempted one included.
func (s *State) InFlight(i Instance) bool {
	if slices.ContainsFunc(s.Preempted.Instances, func(ref Ref) bool { return ref.Is(i) }) {
		return true
	}
	return s.IsWorking() && s.Operation.Names(i)
}

// IsAttached reports that the scale set did not make the instance. One that the run touched is the set's, whatever it shows now.
func (s *State) IsAttached(i Instance) bool {
	return i.Origin.Attached && !s.InFlight(i) && !s.Ledger.IsExposed(i.ID)
}

// IsOff reports that the instance is left out because it is off. One that an effect of the run is in flight on is judged first.
func (s *State) IsOff(i Instance) bool { return i.IsOff() && !s.InFlight(i) }
