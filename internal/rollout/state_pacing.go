package rollout

import "time"

// Pacing decides when the next effect or read may come.
type Pacing struct {
	LastBatchEnd        time.Time     `json:"lastBatchEnd,omitzero"` // when the last batch was verified
	ExposedThen         int           `json:"exposedThen,omitempty"` // how many were exposed then; a list that shows fewer may be older
	LastUpgradeDuration time.Duration `json:"lastUpgradeDuration,omitempty"`
	NoEffectCount       int           `json:"noEffectCount,omitempty"`     // effects in a row that changed nothing, on the same instances
	NoEffectInstances   []Ref         `json:"noEffectInstances,omitempty"` // those instances; none: the effects were writes of the model
	NotBefore           time.Time     `json:"notBefore,omitzero"`          // no effect before this time
	Throttled           bool          `json:"throttled,omitempty"`         // NotBefore is set because Azure throttled
	Deferred            Deferral      `json:"deferred,omitzero"`           // the effect that is refused, or changes nothing, again and again
	// The read that Azure refused last. Before a deletion: since when Azure does not find the scale set.
	ReadsDeferred Deferral `json:"readsDeferred,omitzero"`
}

// Deferral is an effect or a read that Azure refuses for now.
type Deferral struct {
	Kind     Kind      `json:"kind,omitempty"`
	Since    time.Time `json:"since,omitzero"`     // the first of the refusals in a row; zero: nothing is deferred
	Until    time.Time `json:"until,omitzero"`     // for a read: no read before this; for an effect, Pacing.NotBefore has that
	Attempts int       `json:"attempts,omitempty"` // how many refusals there were
	Message  string    `json:"message,omitempty"`  // what Azure said last
}
