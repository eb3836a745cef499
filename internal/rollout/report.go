package rollout

// ZoneProgress counts the eligible instances of one availability zone.
type ZoneProgress struct {
	Name                              string // "": no zone
	Eligible, Exposed, Updated, Ready int
}

// InstanceReport is an instance that needs attention.
type InstanceReport struct {
	Ref     Ref
	Zone    string
	State   ReportState
	Message string
}

// ReportState says why an instance is reported.
type ReportState string

// The states of reported instances, those first that need a person.
const (
	ReportFailed     ReportState = "Failed"
	ReportRetrying   ReportState = "Retrying"
	ReportInProgress ReportState = "InProgress"
	ReportUnhealthy  ReportState = "Unhealthy"
	ReportOutdated   ReportState = "Behind"
	ReportSkipped    ReportState = "Skipped"
)

// Preview is the forecast of a rollout on a scale set that nothing else changes and whose instances all become healthy.
type Preview struct {
	Batches  []PlannedBatch
	Skipped  []SkippedInstance
	Writes   []OperationKind // effects on the scale set that touch no instance, in order
	APICalls int             // estimated, without polls: one list page, a read before and after each effect
	Expected Explanation     // how it would end, or what would hold it

	Baseline Baseline // what it could go back to
}

// PlannedBatch is the instances of one call.
type PlannedBatch struct {
	Step      string
	Action    OperationKind
	Instances []PlannedInstance
}

// PlannedInstance is one instance of a planned batch.
type PlannedInstance struct {
	Ref  Ref
	Zone string
}

// SkippedInstance is an instance that the rollout leaves as it is.
type SkippedInstance struct {
	Ref Ref
	Why string
}
