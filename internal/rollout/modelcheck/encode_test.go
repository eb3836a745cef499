package modelcheck

import (
	"reflect"
	"slices"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// encoded are the fields of the memory that the encoder writes, each in the form in which behaviour depends on it.
var encoded = map[reflect.Type][]string{
	reflect.TypeFor[rollout.State](): {
		"ScaleSet",
		"Run",
		"Model",
		"Stage",
		"Operation",
		"Preempted",
		"Ledger",
		"Timers",
		"Pacing",
		"Rollback",
		"Tasks",
		"Actions",
		"History",
		"RepairsSuspended",
	},
	reflect.TypeFor[rollout.ScaleSetState](): {"ID", "ReplacedBy"},
	reflect.TypeFor[rollout.Run]():           {"Number", "Revision", "StartedAt", "Completed", "CompletedAtBaseline"},
	reflect.TypeFor[rollout.ModelState]():    {"Applied", "ScriptWritten", "SettingsDigest", "CompletedETag", "CompletedCapacity"},
	reflect.TypeFor[rollout.Stage](): {
		"Name",
		"Timer",
		"Approved",
		"Promoted",
		"PromoteAll",
		"ChecksPassed",
		"GateResets",
		"FailedCheck",
	},
	reflect.TypeFor[rollout.Operation](): {
		"Run",
		"Kind",
		"Instances",
		"Rollback",
		"ReplacesOSDisk",
		"Attempt",
		"CreatedAt",
		"AcceptedAt",
		"EndedAt",
		"NextPollAt",
		"LastReadingAt",
		"PollToken",
		"Error",
		"Rejection",
	},
	reflect.TypeFor[rollout.PreemptedOperation](): {"Instances", "At", "CreatedAt", "ID"},
	reflect.TypeFor[rollout.Ref]():                {"ID", "VMID"},
	reflect.TypeFor[rollout.Attempt]():            {"Ref", "OSDisk", "HealthySince", "Try", "Successes"},
	reflect.TypeFor[rollout.Ledger]():             {"Exposed", "Verified", "Failed", "Skipped", "Cordoned"},
	reflect.TypeFor[rollout.Failure]():            {"Ref", "Try", "OSDisk", "Reason"},
	reflect.TypeFor[rollout.Timers]():             {"Progress", "UnhealthySince", "ListShortSince"},
	reflect.TypeFor[rollout.Pacing](): {
		"LastBatchEnd",
		"ExposedThen",
		"LastUpgradeDuration",
		"NoEffectCount",
		"NoEffectInstances",
		"NotBefore",
		"Throttled",
		"ReadsDeferred",
	},
	reflect.TypeFor[rollout.RollbackState](): {"Baseline", "LastCompletedRevision", "Current"},
	reflect.TypeFor[rollout.Baseline](): {
		"Revision",
		"Source",
		"SecretName",
		"SecretDigest",
		"Run",
		"Fixed",
		"Invalid",
		"Unavailable",
		"NewestInstanceAt",
	},
	reflect.TypeFor[rollout.Rollback]():      {"Kind", "Cause", "Revision", "AllInstances", "StartedAt", "ModelRestoredAt", "Done"},
	reflect.TypeFor[rollout.TaskState]():     {"Hooks", "Sequence", "StepBefore", "StepAfter"},
	reflect.TypeFor[rollout.Deferral]():      {"Since", "Until"},
	reflect.TypeFor[rollout.ProgressTimer](): {"Timer", "Reached"},
	reflect.TypeFor[rollout.Timer]():         {"Since", "Elapsed"},
	reflect.TypeFor[rollout.AppliedAction](): {"UID"},
	reflect.TypeFor[rollout.PastRun]():       {"Number", "Revision", "PreviousRevision", "Result", "Actions"},
}

// leftOut are the fields that nothing is decided by, in a world where what is said of health is never old: they are only told to people.
var leftOut = map[reflect.Type][]string{
	reflect.TypeFor[rollout.Pacing]():        {"Deferred"},
	reflect.TypeFor[rollout.Deferral]():      {"Kind", "Attempts", "Message"},
	reflect.TypeFor[rollout.Operation]():     {"AzureTime", "ID"},
	reflect.TypeFor[rollout.Ref]():           {"Name"},
	reflect.TypeFor[rollout.Failure]():       {"Message", "At"},
	reflect.TypeFor[rollout.Rollback]():      {"Message", "RequestedBy", "Differences"},
	reflect.TypeFor[rollout.AppliedAction](): {"Verb", "Step", "Instance", "RequestedBy", "RequesterVerified", "At"},
	reflect.TypeFor[rollout.PastRun]():       {"Message", "StartedAt", "EndedAt"},
}

// TestEncoderKnowsMemory fails for every field of the memory that nobody has thought about here.
func TestEncoderKnowsMemory(t *testing.T) {
	for typ, fields := range encoded {
		known := slices.Concat(fields, leftOut[typ])
		for i := range typ.NumField() {
			name := typ.Field(i).Name
			if at := slices.Index(known, name); at >= 0 {
				known = slices.Delete(known, at, at+1)
				continue
			}
			t.Errorf("%s.%s is neither encoded nor left out on purpose", typ, name)
		}
		for _, name := range known {
			t.Errorf("%s.%s is no field any more, or is named twice", typ, name)
		}
	}
}
