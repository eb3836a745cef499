package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

const setsID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop-rg" +
	"/providers/Microsoft.Compute/virtualMachineScaleSets/"

// comparison is the same canary by hand and by the manager.
type comparison struct {
	kind         string // script or image
	byHand, ours cost
}

// cost holds the cost of a canary.
type cost struct {
	reads, writes, polls int // calls of ARM
	lasted               time.Duration
	unserved, worked     time.Duration // instance time
}

func (c cost) calls() int { return c.reads + c.writes + c.polls }

// compare plays a canary by hand, puts the scale set back, plays it with a VMSSRollout, and fails unless both end in the same state.
func (st *stage) compare(ctx context.Context, kind string) (comparison, error) {
	set := "canary-" + kind
	c := comparison{kind: kind}
	var ends [2]endState
	for i, side := range []struct {
		who  string
		cost *cost
		play func(context.Context) error
	}{
		{"by hand", &c.byHand, func(ctx context.Context) error { return st.script(ctx, "canary.sh", []string{"play", set, kind}, nil) }},
		{"with a VMSSRollout", &c.ours, func(ctx context.Context) error { return st.rollOut(ctx, set, kind) }},
	} {
		if err := st.script(ctx, "canary.sh", []string{"start", set, kind}, nil); err != nil {
			return c, err
		}
		before, err := st.endState(ctx, set)
		if err != nil {
			return c, err
		}
		fmt.Printf("the canary by %s, %s\n", kind, side.who)
		if *side.cost, err = st.price(ctx, set, side.play); err != nil {
			return c, fmt.Errorf("%s: %w", side.who, err)
		}
		after, err := st.endState(ctx, set)
		if err != nil {
			return c, err
		}
		ends[i] = after.since(before)
	}
	if difference := ends[0].differsFrom(ends[1]); difference != "" {
		return c, fmt.Errorf("by hand and ours end differently: %s", difference)
	}
	fmt.Printf("the canary by %s ends in the same state both ways\n", kind)
	return c, nil
}

// price plays and counts what it costs.
func (st *stage) price(ctx context.Context, set string, play func(context.Context) error) (cost, error) {
	former, err := st.azure.Calls(ctx, 0)
	if err != nil {
		return cost{}, err
	}
	w := st.watch(ctx, setsID+set)
	played := play(ctx)
	lasted, err := w.end()
	if played != nil || err != nil {
		return cost{}, fmt.Errorf("playing: %w", firstOf(played, err))
	}
	calls, err := st.azure.Calls(ctx, former[len(former)-1].Seq)
	if err != nil {
		return cost{}, err
	}
	c := cost{lasted: lasted, unserved: w.unserved, worked: w.worked}
	c.count(calls)
	return c, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// count counts the calls of ARM; the login server is none of it.
func (c *cost) count(calls []testenv.Call) {
	for _, call := range calls {
		switch {
		case !strings.HasPrefix(strings.ToLower(call.Path), "/subscriptions"):
		case call.Kind == "write":
			c.writes++
		case call.Kind == "poll":
			c.polls++
		default:
			c.reads++
		}
	}
}

// rollOut is our side: a canary of one in three, and when that is reached the rest.
func (st *stage) rollOut(ctx context.Context, set, kind string) error {
	for _, step := range []struct {
		percent int
		reason  string
	}{{34, "CanaryReached"}, {100, "Completed"}} {
		path := st.file(fmt.Sprintf("%s-%d.yaml", set, step.percent))
		if err := st.writeManifest(path, set, kind, step.percent); err != nil {
			return err
		}
		if err := st.kubectl(ctx, "apply", "-f", path); err != nil {
			return err
		}
		reached := fmt.Sprintf(`jsonpath={.status.conditions[?(@.type=="Ready")].reason}=%s`, step.reason)
		if err := st.kubectl(ctx, "wait", "-n", namespace, "vmssr/"+set, "--for="+reached, "--timeout=180s"); err != nil {
			return err
		}
	}
	return nil
}

func (st *stage) writeManifest(path, set, kind string, percent int) error {
	text, err := files.ReadFile("manifests/" + kind + ".yaml")
	if err != nil {
		return err
	}
	filled := strings.NewReplacer("${SET}", set, "${STORE}", st.store.URL, "${PERCENT}", strconv.Itoa(percent)).Replace(string(text))
	return os.WriteFile(path, []byte(filled), 0o644)
}
