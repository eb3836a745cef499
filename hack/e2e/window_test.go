package e2e

import (
	"fmt"
	"testing"
	"time"
	_ "time/tzdata" // to say when a window opens, in a time zone

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestWindow declares a window that opens within the next one and a half minutes, by the clocks of a place that is half an hour off.
// Before, nothing is touched; then the rollout goes by itself.
func TestWindow(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 2})
	const place = "Asia/Kolkata"
	zone, err := time.LoadLocation(place)
	if err != nil {
		t.Fatal(err)
	}
	startManager(t, directly(ns))
	opens := time.Now().Add(85 * time.Second).Truncate(time.Minute) // 25 s from now at the earliest
	there := opens.In(zone)
	r := newRollout(ns, "web", set).with([]any{map[string]any{
		"type": "Allow", "schedule": fmt.Sprintf("%d %d * * *", there.Minute(), there.Hour()), "duration": "1h", "timeZone": place,
	}}, "spec", "windows")
	if out, err := r.apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	closed := r.awaitReason(t, v1alpha1.ReasonOutsideWindow)
	if next := closed.Status.NextTransitionTime; next == nil || !next.Time.Equal(opens) {
		t.Errorf("the status says that time changes something next at %v, want %s", next, opens)
	}

	r.awaitReason(t, v1alpha1.ReasonCompleted)
	writes := here.azure.writes(t, set)
	if len(writes) == 0 || writes[0].Time.Before(opens) {
		t.Errorf("the window opened at %s; Azure was asked for changes: %+v", opens, writes)
	}
	if got := here.azure.upgraded(t, set); len(got) != 2 {
		t.Errorf("instances %v were upgraded, want each of two once", got)
	}
}
