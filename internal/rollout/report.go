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
