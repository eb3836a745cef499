package rollout

// Check is one declared verification of the release. What it measures, how often, and what passes is decided elsewhere: the core decides
// what is verified when, and what a result leads to.
type Check struct {
	Name       string
	Scope      CheckScope
	Background bool // it runs from the first canary on, to the end of the run, instead of once
	Advisory   bool // its verdict is shown and leads to nothing
}

// CheckScope says what a check is about.
type CheckScope string

// The scopes.
const (
	CheckInstance CheckScope = "Instance" // each instance for itself, before it counts as verified
	CheckStep     CheckScope = "Step"     // all instances with the target, before the step's gate opens
)

// CheckKey says what one verdict is about. Whatever makes the verdict worthless for what comes after is part of it, so that an old
// one is never found.
type CheckKey struct {
	Check    string
	Run      int64
	Stage    string // in the scope Step: the share that was reached
	Try      int    // how often the share was spoilt before; in the scope Instance, attempts at the instance before
	Instance string // in the scope Instance: the instance's id
	VMID     string
}

// CheckRun is one verification that is to be under way now, and the instances that it may compare.
type CheckRun struct {
	Key      CheckKey
	Canaries []Ref // have the target
	Baseline []Ref // do not
}

// CheckState is how far a verification is.
type CheckState string

// The states. Whatever is not known is running: only a verdict counts.
const (
	CheckRunning CheckState = ""
	CheckPassed  CheckState = "Passed"
	CheckFailed  CheckState = "Failed"
)

// CheckResult holds the known results of one verification.
type CheckResult struct {
	State          CheckState
	Message        string // for people: what was measured, against what
	RunsInInstance bool   // a script is at work in the instance, or was until a moment ago: Azure may show it as being updated
}
