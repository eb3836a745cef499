package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const core = "internal/rollout"

// mutant is one planted bug: the first occurrence of what is replaced by with in file.
type mutant struct{ name, file, what, with string }

var mutants = []mutant{
	{"percentages round up", "spec.go", "percent*n/100), n)", "(percent*n+99)/100), n)"},
	{"unhealthy instances cost no budget", "planner/inventory/inventory.go", "inFlight || !IsHealthy(spec.Health, i)", "inFlight"},
	{
		"unknown health counts as healthy", "planner/inventory/inventory.go",
		"inFlight || !IsHealthy(spec.Health, i)",
		"inFlight || Health(spec.Health, i) == rollout.False",
	},
	{"failed instances are not exposed", "planner/inventory/inventory.go", "case inFlight || s.Ledger.HasFailed(i):", "case inFlight:"},
	{
		"the batch ignores the budget", "planner/batch/batch.go",
		"first(min(limit, budget), candidates",
		"first(min(limit, budget+limit), candidates",
	},
	{
		"new instances before those that had a target", "planner/batch/batch.go",
		"c.Desired-len(c.Exposed)-len(c.Superseded)",
		"c.Desired-len(c.Exposed)",
	},
	{"the batch ignores what is exposed", "planner/batch/batch.go", "c.Desired-len(c.Exposed), MaxPerCall", "c.Desired, MaxPerCall"},
	{"failures do not hold", "planner/strategy/canary.go", "\t\tholdFailed,\n", ""},
	{"unhealthy canaries do not hold", "planner/strategy/canary.go", "\t\thold(gate.NoneUnhealthy),\n", ""},
	{"a pause is ignored before a batch", "planner/strategy/canary.go", "\t\thold(gate.Held),\n", ""},
	{"a pause is ignored before the model", "planner/strategy/canary.go", "\t\thold(gate.HeldBeforeWrite),\n", ""},
	{"no preflight", "planner/strategy/canary.go", "\t\thold(gate.Preflight),\n", ""},
	{"drift is overwritten", "planner/strategy/canary.go", "\t\thold(gate.Undrifted),\n", ""},
	{"ids sort as text", "instance.go", "errX == nil && errY == nil", "false"},
	{"zones are not spread", "planner/batch/zones.go", "case rollout.ZonesSpread:\n", "case \"Never\":\n"},
	{"zones are not one at a time", "planner/batch/zones.go", "case rollout.ZonesOneAtATime:", "case \"Never\":"},
	{
		"a reused id is the old instance", "state_operation.go",
		"r.ID == o.ID && (strings.HasPrefix(o.VMID, r.VMID) || strings.HasPrefix(r.VMID, o.VMID))",
		"r.ID == o.ID && (true || strings.HasPrefix(o.VMID, r.VMID))",
	},
	{"no settling after an unanswered effect", "planner/view/pace.go", "SettleTime = 45 * time.Second", "SettleTime = time.Duration(0)"},
	{"minReady is skipped", "planner/advance/batchstatus.go", "v.At().Sub(a.HealthySince) < v.Spec.Health.MinReady", "false"},
	{"the flag alone makes an instance updated", "planner/target/image.go", "!t.Image.Same(*i.Disk.Image)", "false"},
	{
		"a model write needs no read", "planner/advance/modelwrite.go",
		"if target.Shows(op, d.Spec.Target, d.Model()) {",
		"if target.Shows(op, d.Spec.Target, d.Model()) || true {",
	},
	{"throttling is not waited out", "planner/gate/effect.go", "if v.At().Before(v.State.Pacing.NotBefore) {", "if false {"},
	{
		"a new target keeps old failures", "planner/advance/run.go",
		"Ledger:    rollout.Ledger{Cordoned: old.Ledger.Cordoned},",
		"Ledger:    rollout.Ledger{Cordoned: old.Ledger.Cordoned, Failed: old.Ledger.Failed},",
	},
	{
		"an unverified reimage recovers by itself", "planner/advance/ledger.go",
		"case rollout.FailureReimage, rollout.FailureRetryReimage:",
		"case rollout.FailureRetryReimage:",
	},
	{
		"an effect that may still show is forgotten", "planner/advance/batch.go",
		"isSettling && len(s[phaseOutdated]) > 0 {",
		"isSettling && left < 0 {",
	},
	{
		"a stale list begins a batch", "planner/strategy/upgrade.go",
		"if h := gate.FreshList(d.View); h != nil {",
		"if h := gate.FreshList(d.View); h != nil && false {",
	},
	{"a completed run keeps reading", "planner/strategy/canary.go", "\t\thold(gate.Completed),\n", ""},
	{
		"a refusal is written again and again", "planner/advance/effect.go",
		"last.Rejection != nil && last.Kind == op.Kind",
		"false && last.Kind == op.Kind",
	},
	{"protected instances are touched", "instance.go", "return !i.Protected || p == ProtectedSkip", "return true"},
	{"a soak is not waited out", "planner/gate/stage.go", "if left <= 0 {", "if left <= 1000*time.Hour {"},
	{
		"a soak goes on while paused", "planner/view/view.go",
		"return v.Spec.Paused || v.Obs.Window.Closed || v.Obs.IntegrationError != nil",
		"return false",
	},
	{"a soak outlives an unhealthy canary", "planner/advance/stage.go", "!view.IsReached(d.View) || !view.IsSound(d.View)", "false"},
	{"windows are ignored", "planner/gate/held.go", "case v.Obs.Window.Closed:", "case false:"},
	{"the younger rollout works too", "planner/strategy/canary.go", "\t\towned,\n", ""},
	{"Plan mode acts", "planner/strategy/canary.go", "\t\tplanOnly,\n", ""},
	{"instances are restored before the model", "planner/strategy/rollback.go", "\t\trestoreModel,\n", ""},
	{"nothing is stored before the first write", "planner/advance/baseline.go", "\t\tsaveRevision(d, snapshot)\n", "\t\t_ = snapshot\n"},
	{"instances seen with the target are forgotten", "planner/strategy/canary.go", "\t\tupdate(advance.TrackExposed),\n", ""},
	{"named instances are forgotten", "planner/advance/effect.go", "Expose(d, a.ID) // whatever", "_ = a // whatever"},
	{
		"every instance is restored", "planner/inventory/rollback.go",
		"return v.State.Rollback.Current.AllInstances || v.IsSuspect(i)",
		"return true",
	},
	{
		"instances created from the target stay", "planner/inventory/rollback.go",
		"i.CreatedAt.Truncate(time.Microsecond).After(newest)",
		"i.CreatedAt.Truncate(time.Microsecond).IsZero()",
	},
	{"a failure rolls back while paused", "planner/gate/rollback.go", "case v.Spec.Paused:", "case false:"},
	{
		"a requested rollback waits for the pause", "planner/gate/rollback.go",
		"case current.Cause == rollout.CauseAction || current.Cause == rollout.CauseDeletion:",
		"case current.Cause == rollout.CauseDeletion:",
	},
	{"an action for another run counts", "planner/advance/actions.go", "case a.Run != s.Run.Number:", "case false:"},
	{"an action acts twice", "planner/advance/actions.go", "if isApplied(d.State, a.UID) {", "if false {"},
	{"no approval is waited for", "planner/gate/stage.go", "if step.Approval == nil || v.State.Stage.IsApproved(step.Name) {", "if true {"},
	{"any step may be approved", "planner/advance/actions.go", "case d.Step().Name != step:", "case false:"},
	{"approved before there is anything to see", "planner/advance/actions.go", "case s.Stage.Timer == rollout.Timer{}:", "case false:"},
	{
		"the deadline runs while paused", "planner/advance/deadline.go",
		"if h.Reason.IsProgress() && !d.IsExternal",
		"if (h.Reason.IsProgress() || h.Reason == rollout.ReasonPaused) && !d.IsExternal",
	},
	{
		"other unhealthy instances are lack of progress", "planner/advance/deadline.go",
		"h.Reason.IsProgress() && !d.IsExternal",
		"h.Reason.IsProgress()",
	},
	{"a whole share may fail", "planner/view/failure.go", "c.Desired-1", "c.Desired"},
	{
		"retries never end", "planner/view/failure.go",
		"spent := f.Try >= v.Spec.Failure.Retries && !f.IsRetryRequested()",
		"spent := f.Try > 99",
	},
	{"a rotated Secret does not matter", "planner/view/baseline.go", "read.Value.Digest != b.SecretDigest", "read.Value.Digest == \"\""},
	{"rolled back before every list shows it", "planner/strategy/rollback.go", "d.At().Before(settled)", "d.At().IsZero()"},
	{"repairs stay suspended", "planner/advance/completion.go", "if s.RepairsSuspended {", "if false {"},
	{"the pause between batches is skipped", "planner/strategy/canary.go", "\t\thold(gate.BatchPause),\n", ""},
	{"no check of an instance is waited for", "planner/advance/batchstatus.go", "case checked == rollout.Unknown:", "case false:"},
	{"a check that an instance failed is ignored", "planner/advance/batchstatus.go", "case checked == rollout.False:", "case false:"},
	{"no check of a step is waited for", "planner/strategy/stages.go", "\thold(gate.StepChecks),\n", ""},
	{
		"steps without checks are noted as checked", "planner/advance/stage.go",
		"if !task.HasStepChecks(d.View) || task.HasPassed",
		"if task.HasPassed",
	},
	{"a verified instance is tried again with the others", "planner/advance/batch.go", "if len(kept) == 0 {", "if false {"},
	{"a check that is declared later is not waited for", "planner/task/checks.go", "+ \" \" + strings.Join(names, \",\")", "+ \" \""},
	{"a reset share stays checked", "planner/advance/stage.go", "stage.GateResets++", "return"},
	{"checks that only observe count", "planner/task/checks.go", "case c.Advisory:", "case false:"},
	{"a check in the background is ignored", "planner/strategy/canary.go", "\t\tupdate(advance.FailChecked),\n", ""},
	{"the release's checks are ignored", "planner/strategy/strategy.go", "\tupdate(advance.NoteReleaseFailure),\n", ""},
	{"instances are touched before the hook", "planner/advance/prepare.go", "if pending != \"\" {", "if false {"},
	{"a batch goes on without what was set aside", "planner/advance/prepare.go", "left == known", "true"},
	{
		"no hook is called after an instance", "planner/advance/hooks.go",
		"if len(d.Spec.Tasks.HooksAt(rollout.AfterInstance)) == 0 ||",
		"if true ||",
	},
	{"steps begin without hooks", "planner/strategy/canary.go", "\t\thooksBeforeStep,\n", ""},
	{"the model is written without hooks", "planner/strategy/canary.go", "\t\thooksBeforeFirstStep,\n", ""},
	{"steps end without hooks", "planner/strategy/stages.go", "d.State.Tasks.StepAfter == share ||", "true ||"},
	{"a hook never times out", "planner/task/task.go", "limit > 0 && !v.At().Before(since", "limit < 0 && !v.At().Before(since"},
	{"a hook without a timeout fails at once", "planner/task/task.go", "limit > 0 && !v.At().Before(since", "!v.At().Before(since"},
	{"a hook that was not called has failed", "planner/advance/hooks.go", "\trestartHooks(d, h)\n", ""},
	{"a rollback waits for ever", "planner/task/task.go", "return rollbackTimeout", "return declared"},
	{"hooks are called in Plan mode", "planner/task/task.go", "case v.Spec.PlanOnly, current == nil", "case current == nil"},
	{"hooks that are not valid are called", "planner/task/task.go", "current == nil && v.Obs.IntegrationError != nil", "false"},
	{"work begins though hooks are not valid", "planner/gate/held.go", "case v.Obs.IntegrationError != nil:", "case false:"},
	{"calls get new keys after a crash", "planner/task/hooks.go", "Sequence: h.Sequence,", "Sequence: h.Sequence + int(v.At().Unix()),"},
	{"a failure is notified again and again", "planner/advance/hooks.go", "if !isOver || isPending {", "if isPending {"},
	{"the second failure is not notified", "planner/advance/hooks.go", "if !isOver || isPending {", "if true {"},
	{"a failure that is over is not notified", "planner/advance/hooks.go", "if !isOver || isPending {", "if !isOver {"},
	{"a rollback that fails is not notified", "planner/advance/hooks.go", "case current != nil && fails &&", "case false &&"},
	{
		"retries begin a step without hooks", "planner/strategy/failures.go",
		"if h := hooksBeforeStep(d); h != nil {",
		"if h := hooksBeforeStep(d); h != nil && false {",
	},
	{"a reset share calls no hooks again", "planner/advance/stage.go", "\tClearHooks(d, rollout.AfterStep)\n", ""},
	{
		"too many instances are skipped", "planner/advance/ledger.go",
		"what == rollout.HookSkips && len(s.Ledger.Skipped) < maxSkipped",
		"what == rollout.HookSkips",
	},
	{"a node that was not drained has failed", "planner/advance/prepare.go", "\trestartDrain(d, h)\n", ""},
	{"cordoned instances cost no budget", "planner/view/view.go", "c.Cordoned = len(OutOfService(v))", "c.Cordoned = 0"},
	{
		"a new target forgets cordoned nodes", "planner/advance/run.go",
		"Ledger:    rollout.Ledger{Cordoned: old.Ledger.Cordoned},\n\t\tPacing",
		"Pacing",
	},
	{
		"the object goes and leaves nodes cordoned", "planner/advance/release.go",
		"if h := gate.LastUncordoned(d.View); h != nil {",
		"if h := gate.LastUncordoned(d.View); h != nil && false {",
	},
	{"nodes stay cordoned through a weekend", "planner/advance/draft.go", "\tCancelPreparation(d, h)\n", ""},
	{
		"drained while another instance became unhealthy", "planner/strategy/upgrade.go",
		"\t\tadvance.ClearHooks(d, rollout.BeforeInstance) // it is not known for how long\n",
		"",
	},
	{
		"instances that do not report are left drained", "planner/batch/batch.go",
		"if !i.IsBusy() && i.Script != rollout.ScriptRunning {",
		"if false {",
	},
	{
		"nodes are drained while paused", "planner/task/nodes.go",
		"prepared.DrainingSince.IsZero() || isHeld(v)",
		"prepared.DrainingSince.IsZero()",
	},
	{"vanished instances are called about", "planner/strategy/canary.go", "\t\tupdate(advance.DropVanishedPrepared),\n", ""},
	{
		"no hook hears of a failure", "planner/advance/hooks.go",
		"case current != nil && current.Cause == rollout.CauseFailure:",
		"case false:",
	},
	{"instances are touched before their node is drained", "planner/advance/prepare.go", "if len(waiting) == 0 {", "if true {"},
	{
		"nodes stay cordoned", "planner/task/nodes.go",
		"work := rollout.NodeWork{Uncordon: view.Uncordonable(v)}",
		"work := rollout.NodeWork{}",
	},
	{
		"the next node is drained at once", "planner/advance/prepare.go",
		"if hold := gate.Uncordoned(d.View); hold != nil {",
		"if hold := gate.Uncordoned(d.View); hold != nil && false {",
	},
	{"one reading is enough", "planner/advance/batchstatus.go", "a.Successes < v.Spec.Health.RequiredReadings()", "false"},
	{"health of before the upgrade counts", "planner/inventory/health.go", "!isReportedAfter(h, op, i, at):", "false:"},
	{"the undo's scope is forgotten", "planner/strategy/rollback.go", "\t\tupdate(advance.TrackUndoScope),\n", ""},
	{"a lost scale set is not released", "planner/strategy/rollback.go", "\t\treleaseLost,\n", ""},
	{"a rollback decides on no model", "planner/strategy/rollback.go", "\t\thold(gate.Model),\n", ""},
	{"a preempted operation is forgotten at once", "planner/advance/rollback.go", "d.At().Before(p.At.Add(view.SettleTime))", "false"},
	{"the clock's way back is not noticed", "planner/strategy/strategy.go", "\tupdate(advance.CorrectClock),\n", ""},
	{"stopped canaries do not hold", "planner/strategy/canary.go", "\t\thold(gate.NoneStopped),\n", ""},
	{"another script extension is overwritten", "planner/strategy/canary.go", "\t\thold(gate.OwnScript),\n", ""},
	{"a short list is believed", "planner/strategy/canary.go", "\t\tlisted,\n", ""},
}

// plantAll plants the bugs whose names match, one after the other, and prints which test caught each. A survivor is an error.
func plantAll(chosen *regexp.Regexp) error {
	planted := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return !chosen.MatchString(m.name) })
	survivors := 0
	for _, m := range planted {
		caught, err := plant(m)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if len(caught) == 0 {
			survivors++
			caught = []string{"SURVIVED"}
		}
		fmt.Printf("%-45s %s\n", m.name, strings.Join(caught, ", "))
	}
	fmt.Printf("figure: mutants_planted %d\nfigure: mutants_survived %d\n", len(planted), survivors)
	if survivors > 0 {
		return fmt.Errorf("%d planted bugs were caught by no test", survivors)
	}
	return nil
}

// plant runs the core's tests on a copy of one file with the bug in it, and returns the tests that failed.
func plant(m mutant) ([]string, error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	original, err := filepath.Abs(filepath.Join(core, m.file))
	if err != nil {
		return nil, err
	}
	source, err := os.ReadFile(original)
	if err != nil {
		return nil, fmt.Errorf("reading the file to plant in: %w", err)
	}
	if !strings.Contains(string(source), m.what) {
		return nil, fmt.Errorf("%s no longer contains %q", m.file, m.what)
	}
	copied, overlay := filepath.Join(dir, filepath.Base(m.file)), filepath.Join(dir, "overlay.json")
	mapping, err := json.Marshal(map[string]any{"Replace": map[string]string{original: copied}})
	if err != nil {
		return nil, err
	}
	mutated := strings.Replace(string(source), m.what, m.with, 1)
	if err := errors.Join(os.WriteFile(copied, []byte(mutated), 0o600), os.WriteFile(overlay, mapping, 0o600)); err != nil {
		return nil, fmt.Errorf("writing the mutant: %w", err)
	}
	out, err := exec.Command("go", "test", "-short", "-vet=off", "-timeout", "60m", "-overlay", overlay, "./"+core).CombinedOutput()
	if err == nil {
		return nil, nil
	}
	failed := failures(string(out))
	if len(failed) == 0 {
		return nil, fmt.Errorf("the mutant does not compile or run:\n%s", out)
	}
	return failed, nil
}

var failure = regexp.MustCompile(`--- FAIL: (Test\w+)`)

// failures lists the top-level tests that failed.
func failures(out string) []string {
	var names []string
	for _, match := range failure.FindAllStringSubmatch(out, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}
