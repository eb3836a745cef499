package rollout_test

import (
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestPreflightCommandsNameTheScaleSet: a command that a message offers can be pasted as it is.
func TestPreflightCommandsNameTheScaleSet(t *testing.T) {
	metric.Fault(t, 23)
	for name, change := range map[string]func(*rollout.Spec, *rollout.Observation){
		"mode":       func(_ *rollout.Spec, o *rollout.Observation) { o.Model.Value.UpgradeMode = "Automatic" },
		"OS upgrade": func(_ *rollout.Spec, o *rollout.Observation) { o.Model.Value.AutomaticOSUpgrade = true },
		"health":     func(_ *rollout.Spec, o *rollout.Observation) { o.Model.Value.HealthMonitored = false },
		"protected": func(s *rollout.Spec, o *rollout.Observation) {
			s.Instances.Protected, o.Instances.Value[0].Protected = rollout.ProtectedFail, true
		},
		"ten models": func(_ *rollout.Spec, o *rollout.Observation) {
			for n := range o.Instances.Value {
				o.Instances.Value[n].Disk.Image = &rollout.Image{ID: o.Instances.Value[n].ID}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(v2, 100), seen(v2, 9, 0)
			spec.ScaleSet = rollout.ScaleSet{SubscriptionID: "s-1", ResourceGroup: "it's (shop)", Name: "web"}
			change(&spec, &obs)
			d := planner.Plan(spec, obs)
			_, command, found := strings.Cut(d.Explanation.Message, "to fix it: az vmss ")
			isNamed := strings.Contains(command, `--subscription s-1 --resource-group 'it'\''s (shop)'`) && strings.Contains(command, "name web")
			if d.Explanation.Reason != rollout.ReasonPreflightFailed || !found || !isNamed {
				t.Errorf("%s: %s", d.Explanation.Reason, d.Explanation.Message)
			}
		})
	}
}
