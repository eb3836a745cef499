package rollout_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestOffInstances: an instance is off when Azure is done with it, whatever came of that, and takes no operation then.
func TestOffInstances(t *testing.T) {
	off := rollout.PowerState{Running: rollout.False, Off: rollout.OffStopped}
	for name, tc := range map[string]struct {
		i            rollout.Instance
		isOff, takes bool
	}{
		"runs":        {rollout.Instance{State: rollout.StateSucceeded, Latest: rollout.False}, false, true},
		"failed":      {rollout.Instance{State: rollout.StateFailed, Latest: rollout.True}, false, true},
		"stopped":     {rollout.Instance{State: rollout.StateSucceeded, Latest: rollout.False, Power: off}, true, false},
		"failed, off": {rollout.Instance{State: rollout.StateFailed, Latest: rollout.False, Power: off}, true, false},
		"being made":  {rollout.Instance{State: rollout.StateCreating, Latest: rollout.False, Power: off}, false, false},
		"updated":     {rollout.Instance{State: rollout.StateUpdating, Latest: rollout.False}, false, false},
		"not known":   {rollout.Instance{Latest: rollout.False}, false, false},
		"flag lacks":  {rollout.Instance{State: rollout.StateSucceeded}, false, false},
		"protected":   {rollout.Instance{State: rollout.StateSucceeded, Latest: rollout.False, Protected: true}, false, false},
	} {
		if isOff, takes := tc.i.IsOff(), tc.i.TakesOperations(); isOff != tc.isOff || takes != tc.takes {
			t.Errorf("%s: off %t, takes operations %t", name, isOff, takes)
		}
	}
}

// TestChosenThoughProtected: a protected instance may be chosen only where it is skipped, and so is not counted.
func TestChosenThoughProtected(t *testing.T) {
	for _, p := range []rollout.ProtectedPolicy{rollout.ProtectedSkip, rollout.ProtectedWait, rollout.ProtectedFail} {
		plain, protected := rollout.Instance{}.MayBeChosen(p), rollout.Instance{Protected: true}.MayBeChosen(p)
		if !plain || protected != (p == rollout.ProtectedSkip) {
			t.Errorf("%s: %t, protected %t", p, plain, protected)
		}
	}
}

// TestScriptsTogether: the state of several extensions, and of one of them by name.
func TestScriptsTogether(t *testing.T) {
	of := func(states ...rollout.ScriptState) (all []rollout.InstanceScript) {
		for _, s := range states {
			all = append(all, rollout.InstanceScript{State: s})
		}
		return all
	}
	const unknown, running, good, bad = rollout.ScriptUnknown, rollout.ScriptRunning, rollout.ScriptSucceeded, rollout.ScriptFailed
	for _, tc := range []struct {
		scripts []rollout.InstanceScript
		want    rollout.ScriptState
	}{
		{nil, unknown}, {of(good), good}, {of(good, good), good}, {of(good, unknown), unknown}, {of(unknown, running), running},
		{of(running, bad, good), bad}, {of(bad), bad}, {of(unknown), unknown},
	} {
		if got := rollout.WorstScript(tc.scripts); got != tc.want {
			t.Errorf("worst of %v: %v, want %v", tc.scripts, got, tc.want)
		}
	}
	named := []rollout.InstanceScript{{Extension: "Web", State: bad}, {Extension: "other", State: good}}
	i := rollout.Instance{Script: running, InstanceReports: rollout.InstanceReports{Scripts: named}}
	if i.ScriptStateOf("wEB") != bad || i.ScriptStateOf("third") != rollout.ScriptAbsent {
		t.Errorf("by name: %v, %v", i.ScriptStateOf("web"), i.ScriptStateOf("third"))
	}
	if i.Scripts = append(i.Scripts, rollout.InstanceScript{State: unknown}); i.ScriptStateOf("third") != unknown {
		t.Errorf("without a name: %v", i.ScriptStateOf("third"))
	}
	if i.Scripts = nil; i.ScriptStateOf("third") != running {
		t.Errorf("no extensions are listed: %v", i.ScriptStateOf("third"))
	}
}

// TestOrderOfIDs: ids are in the order of numbers, then of text.
func TestOrderOfIDs(t *testing.T) {
	ids := []string{"2", "10", "010", "011", "-3", "web_10", "web_2"}
	for a := range ids {
		for b := range ids {
			want := max(-1, min(1, a-b))
			if ids[a] == "10" && ids[b] == "010" || ids[a] == "010" && ids[b] == "10" {
				want = -want // of one number, the text decides
			}
			if got := rollout.CompareIDs(ids[a], ids[b]); got != want {
				t.Errorf("%s and %s: %d, want %d", ids[a], ids[b], got, want)
			}
		}
	}
}

// TestSameImage: images differ if any part of the reference differs, but for its case.
func TestSameImage(t *testing.T) {
	var upper, lower rollout.Image
	for n := range reflect.TypeFor[rollout.Image]().NumField() {
		reflect.ValueOf(&upper).Elem().Field(n).SetString(fmt.Sprint("PART", n))
		reflect.ValueOf(&lower).Elem().Field(n).SetString(fmt.Sprint("part", n))
	}
	if !upper.Same(lower) {
		t.Error("case makes another image")
	}
	for n := range reflect.TypeFor[rollout.Image]().NumField() {
		other := lower
		reflect.ValueOf(&other).Elem().Field(n).SetString("other")
		if upper.Same(other) {
			t.Errorf("%s makes no other image", reflect.TypeFor[rollout.Image]().Field(n).Name)
		}
	}
}

// TestAmounts: percentages round down to at least 1, but for those that are tolerated, and nothing is more than there is.
func TestAmounts(t *testing.T) {
	for _, tc := range []struct {
		amount           rollout.Amount
		n, of, tolerated int
	}{
		{rollout.Amount{Value: 2}, 5, 2, 2}, {rollout.Amount{Value: 9}, 5, 5, 5}, {rollout.Amount{}, 5, 1, 0},
		{rollout.Amount{Value: 2}, 0, 0, 0},
		{rollout.Amount{Value: 34, IsPercent: true}, 3, 1, 1}, {rollout.Amount{Value: 10, IsPercent: true}, 5, 1, 0},
		{rollout.Amount{Value: 100, IsPercent: true}, 5, 5, 5}, {rollout.Amount{Value: 50, IsPercent: true}, 0, 0, 0},
		{rollout.Amount{Value: 50, IsPercent: true}, 5, 2, 2},
	} {
		if of, tolerated := tc.amount.Of(tc.n), tc.amount.Tolerated(tc.n); of != tc.of || tolerated != tc.tolerated {
			t.Errorf("%+v of %d: %d, tolerated %d", tc.amount, tc.n, of, tolerated)
		}
	}
}

// TestReadingsThatCount: one look is enough where no number of readings is declared, or one.
func TestReadingsThatCount(t *testing.T) {
	for threshold, want := range []int{0, 0, 2, 3} {
		if got := (rollout.Health{SuccessThreshold: threshold}).RequiredReadings(); got != want {
			t.Errorf("threshold %d: %d readings, want %d", threshold, got, want)
		}
	}
}

// TestCloneSharesNothing: what is done to a copy of the state changes nothing of the state, whatever field it is.
func TestCloneSharesNothing(t *testing.T) {
	var s rollout.State
	fill(reflect.ValueOf(&s).Elem())
	c := s.Clone()
	if !reflect.DeepEqual(s, c) {
		t.Fatalf("the copy is %+v, of %+v", c, s)
	}
	for _, path := range shared(reflect.ValueOf(s), reflect.ValueOf(c), "State") {
		if !slices.Contains(neverChanged, path) {
			t.Errorf("%s is shared", path)
		}
	}
}

// neverChanged are what states share, since it is replaced and never written to.
var neverChanged = []string{"State.Operation.Error", "State.Operation.Rejection", "State.History[].Actions"}

// fill sets every pointer and every slice below a value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for n := range v.NumField() {
			if v.Field(n).CanSet() {
				fill(v.Field(n))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	}
}

// shared lists the pointers and slices that two values have in common.
func shared(a, b reflect.Value, path string) []string {
	var all []string
	switch a.Kind() {
	case reflect.Struct:
		if a.Type() == reflect.TypeFor[time.Time]() {
			return nil
		}
		for n := range a.NumField() {
			all = append(all, shared(a.Field(n), b.Field(n), path+"."+a.Type().Field(n).Name)...)
		}
	case reflect.Slice:
		if a.Pointer() == b.Pointer() {
			return []string{path}
		}
		all = shared(a.Index(0), b.Index(0), path+"[]")
	case reflect.Pointer:
		if a.Pointer() == b.Pointer() {
			return []string{path}
		}
		all = shared(a.Elem(), b.Elem(), path)
	}
	return all
}
