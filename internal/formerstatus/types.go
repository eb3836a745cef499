package formerstatus

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The types are the former schema, as far as the state is in it.

type status struct {
	Run             int64        `json:"run"`
	Revision        string       `json:"revision"`
	StartTime       time.Time    `json:"startTime"`
	GoingBack       *goingBack   `json:"goingBack"`
	Operation       *operation   `json:"operation"`
	FailedInstances []failure    `json:"failedInstances"`
	Actions         []action     `json:"actions"`
	History         []pastRun    `json:"history"`
	Bookkeeping     *bookkeeping `json:"bookkeeping"`
}

// overflow holds the parts of a large status that were compressed.
type overflow struct {
	Bookkeeping *bookkeeping `json:"bookkeeping"`
	InFlight    []instance   `json:"inFlight"`
	Failed      []failure    `json:"failed"`
	Actions     []action     `json:"actions"`
}

type goingBack struct {
	Kind         rollout.RollbackKind  `json:"kind"`
	Cause        rollout.RollbackCause `json:"cause"`
	Message      string                `json:"message"`
	Revision     string                `json:"revision"`
	RequestedBy  string                `json:"requestedBy"`
	StartTime    time.Time             `json:"startTime"`
	RestoredTime time.Time             `json:"restoredTime"`
	All          bool                  `json:"all"`
	Done         bool                  `json:"done"`
	Differences  string                `json:"differences"`
}

type operation struct {
	Kind       rollout.OperationKind `json:"kind"`
	Run        int64                 `json:"run"`
	Back       bool                  `json:"back"`
	NewDisks   bool                  `json:"newDisks"`
	Attempt    int                   `json:"attempt"`
	Instances  []instance            `json:"instances"`
	IntentTime time.Time             `json:"intentTime"`
	BegunTime  time.Time             `json:"begunTime"`
	AzureTime  time.Time             `json:"azureTime"`
	EndedTime  time.Time             `json:"endedTime"`
	PollTime   time.Time             `json:"pollTime"`
	SeenTime   time.Time             `json:"seenTime"`
	Token      string                `json:"token"`
	ID         string                `json:"id"`
	Trouble    *problem              `json:"trouble"`
	Refused    *problem              `json:"refused"`
}

type problem struct {
	Kind        rollout.Kind `json:"kind"`
	Code        string       `json:"code"`
	Message     string       `json:"message"`
	Remediation string       `json:"mend"`
}

type instance struct {
	ID           string    `json:"id"`
	VMID         string    `json:"vmID"`
	OSDisk       string    `json:"osDisk"`
	HealthySince time.Time `json:"healthySince"`
	Attempt      int       `json:"attempt"`
	Successes    int       `json:"successes"`
}

func (i instance) ref() rollout.Ref { return rollout.Ref{ID: i.ID, VMID: i.VMID} }

type failure struct {
	instance
	Reason  rollout.FailureReason `json:"reason"`
	Message string                `json:"message"`
	Time    time.Time             `json:"time"`
}

type action struct {
	UID         string       `json:"uid"`
	Action      rollout.Verb `json:"action"`
	Step        string       `json:"step"`
	Instance    string       `json:"instance"`
	RequestedBy string       `json:"requestedBy"`
	Verified    bool         `json:"verified"`
	Time        time.Time    `json:"time"`
}

type pastRun struct {
	Run       int64             `json:"run"`
	Revision  string            `json:"revision"`
	Baseline  string            `json:"baseline"`
	Outcome   rollout.RunResult `json:"outcome"`
	Message   string            `json:"message"`
	StartTime time.Time         `json:"startTime"`
	EndTime   time.Time         `json:"endTime"`
	Actions   []action          `json:"actions"`
}

type bookkeeping struct {
	Step             string    `json:"step"`
	GateSince        time.Time `json:"gateSince"`
	GateElapsed      duration  `json:"gateElapsed"`
	ModelApplied     bool      `json:"modelApplied"`
	ScriptWritten    bool      `json:"scriptWritten"`
	Completed        bool      `json:"completed"`
	SettledETag      string    `json:"settledETag"`
	SettledCapacity  int       `json:"settledCapacity"`
	ScaleSetID       string    `json:"scaleSetID"`
	OtherScaleSetID  string    `json:"otherScaleSetID"`
	ListShortSince   time.Time `json:"listShortSince"`
	UnhealthySince   time.Time `json:"unhealthySince"`
	LastBatchEndTime time.Time `json:"lastBatchEndTime"`
	LastExposed      int       `json:"lastExposed"`
	Pace             duration  `json:"pace"`
	Fruitless        int       `json:"fruitless"`
	NotBefore        time.Time `json:"notBefore"`
	Throttled        bool      `json:"throttled"`
	PutOff           deferral  `json:"putOff"`
	Unread           deferral  `json:"unread"`
	Baseline         baseline  `json:"baseline"`
	Settings         string    `json:"settings"`
	Stable           string    `json:"stable"`
	Returned         bool      `json:"returned"`
	ProgressSince    time.Time `json:"progressSince"`
	ProgressElapsed  duration  `json:"progressElapsed"`
	ProgressCount    int       `json:"progressCount"`
	RepairsSuspended bool      `json:"repairsSuspended"`
	Checks           checks    `json:"checks"`
	Hooks            hooks     `json:"hooks"`
	Drained          []string  `json:"drained"`
	Gates            gates     `json:"gates"`
	Instances        instances `json:"machines"`
	Packed           []byte    `json:"packed"`
}

type deferral struct {
	Kind  rollout.Kind `json:"kind"`
	Since time.Time    `json:"since"`
	Until time.Time    `json:"until"`
	Times int          `json:"times"`
	Says  string       `json:"says"`
}

type baseline struct {
	Revision string                 `json:"revision"`
	Source   rollout.BaselineSource `json:"source"`
	Run      int64                  `json:"run"`
	Fixed    bool                   `json:"fixed"`
	Since    time.Time              `json:"since"`
	Secret   string                 `json:"secret"`
	Digest   string                 `json:"digest"`
	Why      string                 `json:"why"`
	Lost     string                 `json:"lost"`
}

type gates struct {
	Approved    []string `json:"approved"`
	Promoted    string   `json:"promoted"`
	PromoteFull bool     `json:"promoteFull"`
}

type checks struct {
	Passed   []string `json:"passed"`
	Rejected string   `json:"rejected"`
	Spoilt   int      `json:"spoilt"`
}

type hooks struct {
	Calls  []hookCall `json:"calls"`
	Number int        `json:"number"`
	Before string     `json:"before"`
	After  string     `json:"after"`
}

type hookCall struct {
	At          rollout.HookPoint `json:"at"`
	Number      int               `json:"number"`
	Since       time.Time         `json:"since"`
	Instances   []instance        `json:"instances"`
	OfOperation []string          `json:"ofOperation"`
	DrainSince  time.Time         `json:"drainSince"`
	Done        []callsDone       `json:"done"`
	About       string            `json:"about"`
}

type callsDone struct {
	Hook      string   `json:"hook"`
	Instances []string `json:"instances"`
}

type instances struct {
	Exposed         []string      `json:"exposed"`
	Verified        []string      `json:"verified"`
	Failed          []failedGroup `json:"failed"`
	Former          []instance    `json:"former"`
	FormerSince     time.Time     `json:"formerSince"`
	FormerBegunTime time.Time     `json:"formerBegunTime"`
	FormerID        string        `json:"formerID"`
	Unchanged       []instance    `json:"unchanged"`
	Skipped         []instance    `json:"skipped"`
}

type failedGroup struct {
	Reason    rollout.FailureReason `json:"reason"`
	Attempt   int                   `json:"attempt"`
	Instances []string              `json:"instances"`
}
