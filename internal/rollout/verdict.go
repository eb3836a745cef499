package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// wait decides to touch nothing.
func wait(reason Reason, recheck time.Duration, format string, args ...any) verdict {
	return verdict{step: Wait{}, recheck: recheck, because: Explanation{Reason: reason, Message: fmt.Sprintf(format, args...)}}
}

// act decides on an effect. The shell comes back right after it, so recheck only bounds how long a lost round is missed.
func act(step Step, format string, args ...any) verdict {
	return verdict{step: step, recheck: recheckBusy, because: Explanation{Reason: ReasonProgressing, Message: fmt.Sprintf(format, args...)}}
}

// undecided leaves the round to the next pass.
func undecided() (verdict, bool) { return verdict{}, false }

// mostNamed bounds how many instances a message names.
const mostNamed = 5

// names lists instances for a message, in id order, the first few: "instance 3", "instances 0, 2 and 7 more".
func names[T any](items []T, ref func(T) Ref) string {
	refs := make([]Ref, 0, len(items))
	for _, item := range items {
		refs = append(refs, ref(item))
	}
	slices.SortFunc(refs, func(a, b Ref) int { return compareIDs(a.ID, b.ID) })
	var shown []string
	for _, r := range refs[:min(len(refs), mostNamed)] {
		shown = append(shown, r.ID)
	}
	text := "instances " + strings.Join(shown, ", ")
	if len(refs) == 1 {
		text = "instance " + refs[0].ID
	}
	if more := len(refs) - mostNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// clock prints a time for people, to the second, in UTC.
func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
