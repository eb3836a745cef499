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
	{"sick machines cost no budget", "census.go", "inFlight || wellness(spec.Health, i) != Yes", "inFlight"},
	{"unknown health counts as well", "census.go", "wellness(spec.Health, i) != Yes", "wellness(spec.Health, i) == No"},
	{"failed machines are not exposed", "census.go", "case inFlight || m.hasFailed(i):", "case inFlight:"},
	{"the batch ignores the budget", "batch.go", "first(min(limit, budget), candidates", "first(min(limit, budget+limit), candidates"},
	{"new machines before those that had a target", "batch.go", "c.desired-len(c.exposed)-len(c.left)", "c.desired-len(c.exposed)"},
	{"the batch ignores what is exposed", "batch.go", "c.desired-len(c.exposed)", "c.desired"},
	{"failures do not hold", "plan.go", "\t\tholdFailed,\n", ""},
	{"sick canaries do not hold", "plan.go", "\t\tholdUnhealthy,\n", ""},
	{"paused is forgotten before a batch", "plan.go", "\t\tholdIdle,\n", ""},
	{"paused is forgotten before the model", "plan.go", "\t\tholdIdleBeforeModel,\n", ""},
	{"no preflight", "plan.go", "\t\tpreflight,\n", ""},
	{"drift is written over", "plan.go", "\t\tholdDrifted,\n", ""},
	{"ids sort as text", "order.go", "errX == nil && errY == nil", "false"},
	{"zones are not spread", "zones.go", "case ZonesSpread:\n", "case \"Never\":\n"},
	{"zones are not one at a time", "zones.go", "case ZonesOneAtATime:", "case \"Never\":"},
	{
		"a reused id is the old machine", "memory.go", "r.ID == o.ID && (strings.HasPrefix(o.VMID, r.VMID) || strings.HasPrefix(r.VMID, o.VMID))",
		"r.ID == o.ID && (true || strings.HasPrefix(o.VMID, r.VMID))",
	},
	{"no settling after an unanswered effect", "plan.go", "45 * time.Second", "0"},
	{"minReady is skipped", "judge.go", "r.at.Sub(ref.HealthySince) < r.spec.Health.MinReady", "false"},
	{"the flag alone makes a machine updated", "fingerprint.go", "!t.Image.same(*i.Image)", "false"},
	{"a model write needs no look", "settlemodel.go", "if r.wrote(op, model) {", "if r.wrote(op, model) || true {"},
	{"throttling is not waited out", "effects.go", "if r.at.Before(r.memory.NotBefore) {", "if false {"},
	{
		"a new target keeps old failures", "run.go", "\t\tPace:             old.Pace,\n",
		"\t\tPace:             old.Pace,\n\t\tFailed:           old.Failed,\n",
	},
	{"an unverified reimage recovers by itself", "hold.go", "case FailureReimage, FailureRetryReimage:", "case FailureRetryReimage:"},
	{"an effect that may still show is forgotten", "judge.go", "settling && len(t[standsOutdated]) > 0 {", "settling && left < 0 {"},
	{"a stale list starts a batch", "effects.go", "; stale {", "; stale && left < 0 {"},
	{"a completed run keeps reading", "plan.go", "\t\tidleCompleted,\n", ""},
	{"a refusal is written again and again", "effects.go", "last.Refused != nil && last.Kind == op.Kind", "false && last.Kind == op.Kind"},
	{"protected machines are touched", "batch.go", "return !i.Protected || spec.Protected == ProtectedSkip", "return true"},
	{"a soak is not waited out", "gate.go", "left > 0 {", "left > 1000*time.Hour {"},
	{"a soak goes on while paused", "gate.go", "return r.spec.Paused || r.obs.Window.Closed || r.obs.Outside != nil", "return false"},
	{"a soak outlives an illness", "gate.go", "!r.isReached() || !r.isSound()", "false"},
	{"windows are forgotten", "hold.go", "case r.obs.Window.Closed:", "case false:"},
	{"the younger rollout works too", "plan.go", "\t\tholdClaimed,\n", ""},
	{"Plan mode acts", "plan.go", "\t\tplanOnly,\n", ""},
	{"machines go back before the model does", "plan.go", "\trestoreModel,\n", ""},
	{
		"nothing is stored before the first write", "baseline.go",
		"r.store = append(r.store, Record{Name: b.Name, Run: r.memory.Run, Snapshot: snapshot})", "_ = snapshot",
	},
	{"who was seen with the target is forgotten", "plan.go", "\t\tkeepExposed,\n", ""},
	{"who was named is forgotten", "effects.go", "r.expose(ref.ID) // whatever", "_ = ref // whatever"},
	{"everybody goes back", "return.go", "return r.memory.Return.All || r.isSuspect(i)", "return true"},
	{
		"machines made from the target stay", "return.go", "i.Created.Truncate(time.Microsecond).After(m.Baseline.Since)",
		"i.Created.Truncate(time.Microsecond).IsZero()",
	},
	{"a failure goes back while paused", "goback.go", "case r.spec.Paused:", "case false:"},
	{
		"a person's rollback waits for the pause", "goback.go", "explicit := back.Cause == CauseAction || back.Cause == CauseDeletion",
		"explicit := back.Cause == CauseDeletion",
	},
	{"an action for another run counts", "actions.go", "case a.Run != m.Run:", "case false:"},
	{"an action acts twice", "actions.go", "if r.hasTaken(a.UID) {", "if false {"},
	{"nobody is asked", "gate.go", "step.Approval != nil && !r.memory.isApproved(step.Name)", "step.Approval != nil && false"},
	{"any step may be approved", "actions.go", "case r.spec.step(m).Name != step:", "case false:"},
	{"approved before there is anything to see", "actions.go", "case m.Gate == Gate{}:", "case false:"},
	{
		"the deadline runs while paused", "failure.go", "return v.because.Reason.isAtWork() && !r.blocked",
		"return (v.because.Reason.isAtWork() || v.because.Reason == ReasonPaused) && !r.blocked",
	},
	{"others' illness is lack of progress", "failure.go", "v.because.Reason.isAtWork() && !r.blocked", "v.because.Reason.isAtWork()"},
	{"a whole share may fail", "failure.go", "c.desired-1", "c.desired"},
	{"retries never end", "failure.go", "spent := f.Ref.Attempt >= r.spec.Failure.Retries && !f.isDue()", "spent := f.Ref.Attempt > 99"},
	{"a rotated Secret does not matter", "baseline.go", "read.Value.Digest != b.Digest", "read.Value.Digest == \"\""},
	{"back before every list shows it", "return.go", "r.at.Before(settled)", "r.at.IsZero()"},
	{"repairs stay suspended", "reached.go", "if m.RepairsSuspended {", "if false {"},
	{"pause between batches is skipped", "plan.go", "\t\trestBetweenBatches,\n", ""},
	{"nobody waits for a check of a machine", "judge.go", "case checked == Unsure:", "case false:"},
	{"a check that a machine failed is not heard", "judge.go", "case checked == No:", "case false:"},
	{"nobody waits for the checks of a step", "checks.go", "if len(running) == 0 {", "if true {"},
	{"steps that nobody checks are noted as checked", "checks.go", "len(checks) == 0 || ", ""},
	{"who passes is tried again with the others", "judge.go", "if len(kept) == 0 {", "if false {"},
	{"a check that is declared later is not waited for", "checks.go", "+ \" \" + strings.Join(names, \",\")", "+ \" \""},
	{"a spoilt share stays checked", "checks.go", "r.memory.Spoilt++", "return"},
	{"checks that only observe count", "checks.go", "case c.Advisory:", "case false:"},
	{"a check in the background is not heard", "plan.go", "\t\twatchChecks,\n", ""},
	{"the release's checks are not heard", "plan.go", ", noteChecks", ""},
	{"machines are touched before the call", "ready.go", "if pending != \"\" {", "if false {"},
	{"a batch goes on without who was set aside", "ready.go", "left == known", "true"},
	{"nobody is called after a machine", "stephooks.go", "len(r.spec.hooks(AfterInstance)) == 0 ||", "true ||"},
	{"steps begin uncalled", "plan.go", "\t\tcallBeforeStep,\n", ""},
	{"the model is written uncalled", "plan.go", "\t\tcallBeforeFirst,\n", ""},
	{"steps end uncalled", "stephooks.go", "r.memory.StepAfter == stage ||", "true ||"},
	{"a call never times out", "calls.go", "limit > 0 && !r.at.Before(since", "limit < 0 && !r.at.Before(since"},
	{"a hook without a timeout fails at once", "calls.go", "limit > 0 && !r.at.Before(since", "!r.at.Before(since"},
	{"what nobody called has failed", "calls.go", "\tr.callAgain(c)\n", ""},
	{"the way back waits for ever", "calls.go", "return longestBack", "return declared"},
	{"hooks are called in Plan mode", "calls.go", "case r.spec.PlanOnly, back == nil", "case back == nil"},
	{"hooks that make no sense are called", "calls.go", "back == nil && r.obs.Outside != nil", "false"},
	{"work begins though hooks make no sense", "hold.go", "case r.obs.Outside != nil:", "case false:"},
	{"calls get new keys after a crash", "calls.go", "Number: c.Number,", "Number: c.Number + int(r.at.Unix()),"},
	{"a failure is heard of again and again", "alarm.go", "!r.isMended() || !r.isHeard(c)", "!r.isHeard(c)"},
	{"the second failure is not heard of", "alarm.go", "if !r.isMended() || !r.isHeard(c) {", "if true {"},
	{"a failure that is mended is not heard of", "alarm.go", "!r.isMended() || !r.isHeard(c)", "!r.isMended()"},
	{"a way back that fails is not heard of", "alarm.go", "case back != nil && fails &&", "case false &&"},
	{"retries begin a step uncalled", "failure.go", "if v, held := callBeforeStep(r); held {", "if false {\n\t\tv := verdict{}"},
	{"a spoilt share is called about no more", "gate.go", "\tr.memory.hangUp(AfterStep)\n", ""},
	{"who does not fit the ledger is skipped", "ready.go", "what == HookSkips && len(r.memory.Skipped) < mostSkipped", "what == HookSkips"},
	{"what nobody drained has failed", "nodes.go", "\tr.drainAgain(c)\n", ""},
	{"cordoned machines cost no budget", "plan.go", "c.cordoned = len(r.outOfService())", ""},
	{"cordoned nodes are forgotten by a new target", "run.go", "\t\tDrained:          old.Drained,\n", ""},
	{
		"the object goes and leaves nodes cordoned", "deletion.go", "r.awaitLastUncordon(); waiting {",
		"r.awaitLastUncordon(); waiting && false {",
	},
	{"nodes stay cordoned through a weekend", "plan.go", "\tr.letGo(v)\n", ""},
	{"drained while another machine fell ill", "effects.go", "\t\tr.memory.hangUp(BeforeInstance) // nobody knows how long\n", ""},
	{"silent machines are left drained", "ready.go", "if !i.busy() && i.Script != ScriptRunning {", "if false {"},
	{"nodes are drained while paused", "nodes.go", "c.DrainSince.IsZero() || r.isStill()", "c.DrainSince.IsZero()"},
	{"vanished machines are called about", "plan.go", "\t\tkeepReady,\n", ""},
	{"nobody hears of a failure", "alarm.go", "case back != nil && back.Cause == CauseFailure:", "case false:"},
	{"machines are touched before their node is drained", "nodes.go", "if len(waiting) == 0 {", "if true {"},
	{"nodes stay cordoned", "nodes.go", "work := NodeWork{Uncordon: r.uncordonable()}", "work := NodeWork{}"},
	{"the next node is drained at once", "ready.go", "r.awaitUncordon(); waiting {", "r.awaitUncordon(); waiting && false {"},
	{"one reading is enough", "judge.go", "ref.Successes < r.spec.Health.inARow()", "false"},
	{"health of before the upgrade counts", "health.go", "!o.isAfter(h, i, at):", "false:"},
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
	copied, overlay := filepath.Join(dir, m.file), filepath.Join(dir, "overlay.json")
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
