package rollout_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

func diceOf(seed int64) simworld.Dice {
	return rand.New(rand.NewPCG(uint64(seed), 10)).IntN
}

// allTwists are what may be out of the ordinary. The order is part of every seed that is written down: add at the end.
func allTwists() []twist {
	return slices.Concat(twistsOfSpec, twistsOfInstances, twistsOfModel, twistsOfReads, twistsOfState, twistsOfOperations, twistsOfBack,
		twistsOfTasks, twistsOfActions)
}

var twistsOfSpec = []twist{
	{"paused", func(s *situation) { s.spec.Paused = true }},
	{"a plan", func(s *situation) { s.spec.PlanOnly = s.dice(2) == 0 }},
	{"deleted", func(s *situation) {
		s.spec.Deletion = []rollout.Deletion{rollout.DeletionLeave, rollout.DeletionRollback, rollout.DeletionRollback}[s.dice(3)]
	}},
	{"steps", func(s *situation) { s.step() }},
	{"steps", func(s *situation) { s.step() }},
	{"bake", func(s *situation) { s.spec.Canary.Bake, s.obs.State.Stage.Timer.Since = 10*time.Minute, s.ago() }},
	{"failure policy", func(s *situation) {
		s.spec.Failure.Action = []rollout.FailureAction{rollout.FailurePause, rollout.FailureAbort, rollout.FailureRollback}[s.dice(3)]
	}},
	{"tolerance", func(s *situation) { s.spec.Failure.MaxFailed = rollout.Amount{Value: s.dice(4)} }},
	{"retries", func(s *situation) { s.spec.Failure.Retries = 1 + s.dice(2) }},
	{"retries", func(s *situation) { s.spec.Failure.Retries = 1 + s.dice(2) }},
	{"deadline", func(s *situation) {
		s.spec.Failure.ProgressDeadline = 10 * time.Minute
		s.state().Timers.Progress = rollout.ProgressTimer{Timer: rollout.Timer{Since: s.ago()}, Reached: s.dice(2)}
	}},
	{"order", func(s *situation) {
		s.spec.Instances.Order = []rollout.Order{rollout.OrderNewest, rollout.OrderInstanceID}[s.dice(2)]
	}},
	{"zones", func(s *situation) {
		s.spec.Instances.Zones = []rollout.Zones{rollout.ZonesOneAtATime, rollout.ZonesOneAtATime, rollout.ZonesIgnore}[s.dice(3)]
	}},
	{"reimages", func(s *situation) { s.spec.Instances.Action = rollout.ActionUpgradeThenReimage }},
	{"protected", func(s *situation) {
		s.instance().Protected = true
		s.spec.Instances.Protected = []rollout.ProtectedPolicy{rollout.ProtectedSkip, rollout.ProtectedWait, rollout.ProtectedFail}[s.dice(3)]
	}},
	{"provisioning counts", func(s *situation) { s.spec.Health.Source = rollout.HealthProvisioning }},
	{"ready for long", func(s *situation) {
		s.spec.Health.MinReady = []time.Duration{30 * time.Second, 4 * time.Minute}[s.dice(2)]
	}},
	{"readings", func(s *situation) { s.spec.Health.SuccessThreshold = []int{2, 3, 8}[s.dice(3)] }},
	{"suspends repairs", func(s *situation) {
		s.spec.Repairs, s.obs.Model.Value.AutomaticRepairs = rollout.RepairsSuspend, s.dice(4) > 0
	}},
	{"overwrites", func(s *situation) { s.spec.Drift.Overwrite = true }},
	{"rolls other parts", func(s *situation) { s.spec.Drift.RollOther = true }},
	{"rest between batches", func(s *situation) { s.spec.Batch.Pause = 10 * time.Minute }},
	{"percentages", func(s *situation) {
		s.spec.Batch.MaxUnavailable = rollout.Amount{Value: 50, IsPercent: true}
		s.spec.Failure.MaxFailed = rollout.Amount{Value: 40, IsPercent: true}
	}},
	{"declared baseline", func(s *situation) {
		s.spec.Baseline = &rollout.Target{Image: &rollout.Image{ID: "/images/declared"},
			Script: &rollout.Script{URIs: v1.Script.URIs, Command: "sh declared.sh", ProtectedSettings: []string{"", "base-script"}[s.dice(2)]}}
	}},
	{"half a baseline", func(s *situation) { s.spec.Baseline = &rollout.Target{Image: &rollout.Image{ID: "/images/declared"}} }},
	{"secrets", func(s *situation) {
		if s.spec.Target.Script != nil {
			script := *s.spec.Target.Script
			script.ProtectedSettings = "web-script"
			s.spec.Target.Script = &script
			s.state().Run.Revision = s.spec.Target.Revision()
			s.state().Model.ScriptWritten = s.dice(2) == 0
		}
	}},
	{"named extension", func(s *situation) {
		if s.spec.Target.Script != nil {
			s.spec.Target = named(s.spec.Target, []string{"theirs", rollout.DefaultScriptExtension}[s.dice(2)])
			s.state().Run.Revision = s.spec.Target.Revision()
		}
	}},
	{"tagged", func(s *situation) {
		s.spec.Target.RevisionTag = "again"
		s.state().Run.Revision = s.spec.Target.Revision()
	}},
}

// step declares steps, and has the rollout at one of them.
func (s *situation) step() {
	first := rollout.CanaryStep{Name: "first", Percent: 34, Soak: []time.Duration{0, 5 * time.Minute}[s.dice(2)]}
	if s.dice(2) == 0 {
		first.Approval = &rollout.Approval{Timeout: []time.Duration{0, 5 * time.Minute}[s.dice(2)],
			OnTimeout: []rollout.OnTimeout{rollout.TimeoutWait, rollout.TimeoutApprove, rollout.TimeoutAbort, rollout.TimeoutRollback}[s.dice(4)]}
	}
	s.spec.Canary.Steps = []rollout.CanaryStep{first, {Name: "second", Count: 1 + s.dice(3)}, {Name: "all", Percent: 100}}[:1+s.dice(3)]
	stage := &s.state().Stage
	stage.Name = []string{"first", "first", "second", "gone"}[s.dice(4)]
	if s.dice(3) > 0 {
		stage.Timer = rollout.Timer{Since: s.ago(), Elapsed: time.Duration(s.dice(5)) * time.Minute}
	}
	switch s.dice(6) {
	case 0:
		stage.Approved = []string{"first"}
	case 1:
		stage.Promoted = "first"
	case 2:
		stage.PromoteAll = true
	}
}

var twistsOfInstances = []twist{
	{"an instance is unhealthy", func(s *situation) { s.instance().Health.Healthy = rollout.False }},
	{"an instance is silent", func(s *situation) { s.instance().Health.Healthy = rollout.Unknown }},
	{"an instance failed to provision", func(s *situation) {
		i := s.instance()
		i.State, i.Message = rollout.StateFailed, "no capacity"
	}},
	{"Azure is updating an instance", func(s *situation) {
		states := []rollout.ProvisioningState{rollout.StateCreating, rollout.StateUpdating, rollout.StateUpdating, rollout.StateUnknown}
		s.instance().State = states[s.dice(4)]
	}},
	{"an instance is being deleted", func(s *situation) { s.instance().State = rollout.StateDeleting }},
	{"an instance is off", func(s *situation) {
		i := s.instance()
		i.Power = rollout.PowerState{Running: rollout.False, Off: []rollout.PowerOff{rollout.OffStopped, rollout.OffDeallocated}[s.dice(2)]}
	}},
	{"an instance does not run", func(s *situation) { s.instance().Power.Running = rollout.False }},
	{"the flag of an instance", func(s *situation) {
		s.instance().Latest = []rollout.Tristate{rollout.Unknown, rollout.False, rollout.True}[s.dice(3)]
	}},
	{"the flags of all instances are cleared", func(s *situation) {
		for n := range s.obs.Instances.Value {
			s.obs.Instances.Value[n].Latest = rollout.False
		}
	}},
	{"all instances have the latest model", func(s *situation) {
		for n := range s.obs.Instances.Value {
			s.obs.Instances.Value[n].Latest = rollout.True
		}
	}},
	{"the image of an instance", func(s *situation) {
		s.instance().Disk.Image = []*rollout.Image{nil, {ID: "/images/other"}, image2.Image, &v1.Image}[s.dice(4)]
	}},
	{"the disk of an instance", func(s *situation) { s.instance().Disk.ID = []string{"", "new-disk"}[s.dice(2)] }},
	{"the script of an instance", func(s *situation) {
		states := []rollout.ScriptState{rollout.ScriptUnknown, rollout.ScriptAbsent, rollout.ScriptRunning, rollout.ScriptFailed}
		s.instance().Script = states[s.dice(4)]
	}},
	{"the scripts of an instance", func(s *situation) {
		s.instance().Scripts = []rollout.InstanceScript{{Extension: "theirs", State: rollout.ScriptFailed},
			{Extension: []string{"", rollout.DefaultScriptExtension}[s.dice(2)], State: rollout.ScriptRunning}}
	}},
	{"health is from after everything", func(s *situation) { s.instance().Health.Since = s.obs.At.Add(-time.Second) }},
	{"health has no time", func(s *situation) { s.instance().Health.Since = time.Time{} }},
	{"the list has no time", func(s *situation) { s.instance().ListedAt = time.Time{} }},
	{"an instance is another one", func(s *situation) { s.instance().VMID = "vm-other" }},
	{"an instance is new", func(s *situation) { s.instance().CreatedAt = s.obs.At.Add(-time.Minute) }},
	{"no instance", func(s *situation) {
		if s.dice(4) == 0 {
			s.obs.Instances.Value = s.obs.Instances.Value[:1]
			s.instance().State = rollout.StateDeleting
		}
	}},
	{"the list lacks an instance", func(s *situation) {
		s.obs.Instances.Value = s.obs.Instances.Value[min(1, len(s.obs.Instances.Value)-1):]
		s.obs.Exists = map[string]rollout.Result[bool]{}
		if s.dice(2) == 0 {
			s.obs.Exists["0"] = rollout.KnownResult(s.dice(2) == 0)
		}
	}},
	{"an instance is gone", func(s *situation) {
		s.obs.Exists = map[string]rollout.Result[bool]{"70": rollout.KnownResult(false)}
	}},
	{"many instances are well", func(s *situation) {
		for n := range 4 {
			i := s.obs.Instances.Value[0]
			i.ID, i.VMID, i.Latest = fmt.Sprint(20+n), fmt.Sprint("vm-", 20+n), rollout.False
			s.obs.Instances.Value = append(s.obs.Instances.Value, i)
		}
		s.obs.Model.Value.Capacity = len(s.obs.Instances.Value)
	}},
}

var twistsOfModel = []twist{
	{"the scale set is being updated", func(s *situation) { s.obs.Model.Value.State = rollout.StateUpdating }},
	{"the scale set is being updated", func(s *situation) { s.obs.Model.Value.State = rollout.StateUpdating }},
	{"the scale set is being deleted", func(s *situation) {
		s.obs.Model.Value.State = []rollout.ProvisioningState{rollout.StateDeleting, rollout.StateFailed}[s.dice(2)]
	}},
	{"the capacity", func(s *situation) {
		s.obs.Model.Value.Capacity = []int{len(s.obs.Instances.Value) + 1, 0, rollout.UnknownCapacity}[s.dice(3)]
		if s.dice(2) == 0 {
			s.state().Timers.ListShortSince = s.ago()
		}
	}},
	{"another image", func(s *situation) { s.obs.Model.Value.Image = rollout.Image{ID: "/images/other"} }},
	{"another script", func(s *situation) {
		s.obs.Model.Value.Script = []*rollout.ModelScript{nil, {Extension: "theirs", Command: "sh theirs.sh"},
			{Extension: rollout.DefaultScriptExtension, Command: "sh other.sh", ForceUpdateTag: "3"}}[s.dice(3)]
	}},
	{"the tag of the script", func(s *situation) {
		if script := s.obs.Model.Value.Script; script != nil {
			changed := *script
			changed.ForceUpdateTag = "later"
			s.obs.Model.Value.Script = &changed
		}
	}},
	{"several scripts", func(s *situation) {
		s.obs.Model.Value.MoreScripts = []rollout.ModelScript{{Extension: "theirs", Command: "sh theirs.sh"}}
	}},
	{"other extensions", func(s *situation) { s.obs.Model.Value.OtherExtensions = []string{rollout.DefaultScriptExtension} }},
	{"Azure upgrades extensions", func(s *situation) { s.obs.Model.Value.AutomaticExtensionUpgrades = []string{"Monitor"} }},
	{"a rolling upgrade", func(s *situation) {
		s.obs.RollingUpgrade = rollout.KnownResult(rollout.RollingUpgrade{Running: s.dice(3) > 0, Done: 1, Total: 3, Cancel: "az"})
	}},
	{"automatic mode", func(s *situation) { s.obs.Model.Value.UpgradeMode = "Automatic" }},
	{"no health is monitored", func(s *situation) { s.obs.Model.Value.HealthMonitored = false }},
	{"another scale set", func(s *situation) {
		s.obs.Model.Value.UniqueID = []string{"set", "other"}[s.dice(2)]
		s.state().ScaleSet = rollout.ScaleSetState{ID: "set", ReplacedBy: []string{"", "other"}[s.dice(2)]}
	}},
	{"an image without a version", func(s *situation) {
		image := rollout.Image{Publisher: "canonical", Offer: "ubuntu", SKU: "24", Version: []string{"latest", "latest", "1.0.0"}[s.dice(3)]}
		if s.dice(3) == 0 {
			image = rollout.Image{ID: "/galleries/g/images/i" + []string{"", "/versions/latest", "/versions/1.0.0"}[s.dice(3)]}
		}
		s.obs.Model.Value.Image = image
		for n := range s.obs.Instances.Value {
			i := &s.obs.Instances.Value[n]
			i.Disk.Image, i.Disk.ImageVersion = &image, []string{"", "1.0.0", "1.0.1"}[s.dice(3)]
		}
		if name := s.state().Rollback.Baseline.Revision; name != "" {
			s.obs.Cluster.Revisions[name] = rollout.KnownResult(rollout.Snapshot{Image: &image,
				ImageVersions: [][]string{nil, {"1.0.0"}, {"0.9.0"}}[s.dice(3)]})
		}
	}},
	{"members that are not declared", func(s *situation) {
		handlers := []rollout.ScriptHandler{"", `{"a":1,"b":{"c":2}}`, `{"a":1,"b":{"c":3},"d":1}`, `{"a":`, `[]`}
		if script := s.obs.Model.Value.Script; script != nil {
			changed := *script
			changed.Handler = handlers[s.dice(5)]
			s.obs.Model.Value.Script = &changed
		}
		s.obs.Cluster.Revisions[s.state().Rollback.Baseline.Revision] = rollout.KnownResult(rollout.Snapshot{Image: &v1.Image,
			Script: &rollout.ScriptSnapshot{URIs: v1.Script.URIs, Command: v1.Script.Command, Handler: handlers[s.dice(5)]}})
	}},
	{"the ETag", func(s *situation) { s.obs.Model.Value.ETag = "8" }},
}

var twistsOfReads = []twist{
	{"the model was not read", func(s *situation) { s.obs.Model = failed[rollout.Model](s) }},
	{"the instances were not read", func(s *situation) { s.obs.Instances.State = rollout.NotRead }},
	{"the instances could not be read", func(s *situation) {
		s.obs.Instances.State, s.obs.Instances.Problem = rollout.ReadFailed, s.problem()
	}},
	{"the operation was polled", func(s *situation) { s.poll() }},
	{"the operation was polled", func(s *situation) { s.poll() }},
	{"the rolling upgrade could not be read", func(s *situation) {
		s.obs.RollingUpgrade = rollout.FailedResult[rollout.RollingUpgrade](s.problem())
	}},
	{"another rollout", func(s *situation) {
		s.obs.Cluster.Ownership = rollout.KnownResult(rollout.Ownership{Owner: "shop/other", Releasing: s.dice(2) == 0})
	}},
	{"the other rollouts could not be read", func(s *situation) {
		s.obs.Cluster.Ownership = rollout.FailedResult[rollout.Ownership](s.problem())
	}},
	{"the Secret", func(s *situation) {
		s.obs.Cluster.Settings = []rollout.Result[rollout.ProtectedSettings]{{},
			rollout.FailedResult[rollout.ProtectedSettings](s.problem()),
			rollout.KnownResult(rollout.ProtectedSettings{Digest: "2", HasCommand: true})}[s.dice(3)]
	}},
	{"the Secret of the baseline", func(s *situation) {
		s.obs.Cluster.BaselineSettings = []rollout.Result[rollout.ProtectedSettings]{{},
			rollout.FailedResult[rollout.ProtectedSettings](s.problem()),
			rollout.KnownResult(rollout.ProtectedSettings{Digest: "2"})}[s.dice(3)]
		s.state().Rollback.Baseline.SecretName, s.state().Rollback.Baseline.SecretDigest = "base-script", "1"
	}},
	{"no record", func(s *situation) {
		s.obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{}
		if s.dice(2) == 0 {
			s.obs.Cluster.Revisions[s.state().Rollback.Baseline.Revision] = failed[rollout.Snapshot](s)
		}
	}},
	{"the record is the target's", func(s *situation) {
		s.obs.Cluster.Revisions[s.state().Rollback.Baseline.Revision] = rollout.KnownResult(rollout.Snapshot{Image: s.spec.Target.Image})
	}},
	{"the record has half", func(s *situation) {
		s.obs.Cluster.Revisions[s.state().Rollback.Baseline.Revision] = rollout.KnownResult(rollout.Snapshot{Image: &v1.Image,
			Script: []*rollout.ScriptSnapshot{nil, {Absent: true}, {Command: "sh v1.sh", Handler: `{"a":1}`,
				ProtectedSettings: "base-script", Digest: "1"}}[s.dice(3)]})
	}},
	{"terminating", func(s *situation) { s.obs.Cluster.Terminating = true }},
	{"recorded as rolled back", func(s *situation) {
		s.obs.Cluster.RolledBack = rollout.RolledBackRevision{Kind: rollout.FullRollback, Revision: s.spec.Target.Revision()}
		s.obs.State = rollout.State{}
	}},
	{"the window is closed", func(s *situation) { s.obs.Window = rollout.Window{Closed: true, NextChange: s.obs.At.Add(time.Hour)} }},
	{"no window opens", func(s *situation) { s.obs.Window = rollout.Window{Closed: true} }},
	{"the window is not known", func(s *situation) { s.obs.Window = rollout.Window{Problem: s.problem()} }},
	{"integrations are not valid", func(s *situation) { s.obs.IntegrationError = s.problem() }},
}

// failed is a read that Azure refused.
func failed[T any](s *situation) rollout.Result[T] { return rollout.FailedResult[T](s.problem()) }

// poll has the running operation asked about.
func (s *situation) poll() {
	states := []rollout.OperationState{rollout.OperationRunning, rollout.OperationSucceeded, rollout.OperationFailed,
		rollout.OperationCanceled, rollout.OperationLost}
	status := rollout.OperationStatus{State: states[s.dice(len(states))], Duration: time.Duration(s.dice(2)) * time.Minute,
		RetryAfter: time.Duration(s.dice(2)) * 40 * time.Second}
	if status.State != rollout.OperationSucceeded && status.State != rollout.OperationRunning {
		status.Problem = s.problem()
	}
	s.obs.Operation = rollout.KnownResult(status)
	if op := s.state().Operation; op != nil {
		op.PollToken, op.EndedAt = "token", time.Time{}
	}
}
