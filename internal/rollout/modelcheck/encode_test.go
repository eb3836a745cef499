package modelcheck

import (
	"reflect"
	"slices"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// encoded are the fields of the memory that the encoder writes, each in the form in which behaviour depends on it.
var encoded = map[reflect.Type][]string{
	reflect.TypeFor[rollout.Memory](): {"Run", "Revision", "ModelApplied", "ScriptWritten", "Completed", "SettledETag", "SettledSize", "Step",
		"Gate", "Operation",
		"Failed", "UnhealthySince", "LastBatchEnd", "LastExposed", "Pace", "Fruitless", "Unchanged", "NotBefore", "Throttled", "Unread",
		"Started", "Baseline", "Stable", "Settings", "Exposed", "Verified",
		"Return", "Returned", "Former", "FormerSince", "FormerBegun", "FormerID", "Stall", "Checked", "Rejected", "Spoilt", "Calls", "CallNumber",
		"StepBefore", "StepAfter", "Drained", "Approved", "Promoted", "PromoteFull", "Skipped", "RepairsSuspended", "ShortSince", "Set",
		"OtherSet", "Taken", "Ended"},
	reflect.TypeFor[rollout.Operation](): {"Run", "Kind", "Instances", "Back", "NewDisks", "Attempt", "IntentAt", "BegunAt", "EndedAt",
		"PollAt", "SeenAt", "Token", "Trouble", "Refused"},
	reflect.TypeFor[rollout.Ref]():      {"ID", "VMID", "OSDisk", "HealthySince", "Attempt", "Successes"},
	reflect.TypeFor[rollout.Failure]():  {"Ref", "Reason"},
	reflect.TypeFor[rollout.Baseline](): {"Name", "Source", "Secret", "Digest", "Run", "Fixed", "Why", "Lost", "Since"},
	reflect.TypeFor[rollout.Return]():   {"Kind", "Cause", "Record", "All", "At", "RestoredAt", "Done"},
	reflect.TypeFor[rollout.PutOff]():   {"Since", "Until"},
	reflect.TypeFor[rollout.Stall]():    {"Gate", "Count"},
	reflect.TypeFor[rollout.Gate]():     {"Since", "Elapsed"},
	reflect.TypeFor[rollout.Taken]():    {"UID"},
	reflect.TypeFor[rollout.Ended]():    {"Run", "Revision", "Before", "Outcome", "Taken"},
}

// leftOut are the fields that nothing is decided by, in a world where what is said of health is never old: they are only told to people.
var leftOut = map[reflect.Type][]string{
	reflect.TypeFor[rollout.Memory]():    {"PutOff"},
	reflect.TypeFor[rollout.PutOff]():    {"Kind", "Times", "Says"},
	reflect.TypeFor[rollout.Operation](): {"AzureAt", "ID"},
	reflect.TypeFor[rollout.Ref]():       {"Name"},
	reflect.TypeFor[rollout.Failure]():   {"Message", "At"},
	reflect.TypeFor[rollout.Return]():    {"Why", "By", "Differs"},
	reflect.TypeFor[rollout.Taken]():     {"Verb", "Step", "Instance", "By", "Verified", "At"},
	reflect.TypeFor[rollout.Ended]():     {"Why", "Started", "Stopped"},
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
