// Package message makes what others wrote fit to be shown: a single line, bounded, and without secrets.
package message

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
)

// Limits of what is shown.
const (
	Limit        = 512  // bytes of a problem's message
	FailureLimit = 1024 // bytes of what is shown of a failed instance
)

// Redact hides what looks like a secret.
func Redact(s string) string { return (*redact.Redactor)(nil).Text(s) }

// Clean turns a text from outside into a single line of at most limit bytes, without secrets.
func Clean(s string, limit int, r *redact.Redactor) string {
	return Head(Flat(r.Text(Bounded(s))), limit)
}

// Failure is Clean for the message of a failed extension: of a long one it keeps the beginning, which says what failed, and the
// end of stderr, which says why. What the script printed to stdout is not shown.
func Failure(s string, limit int, r *redact.Redactor) string {
	s = r.Text(Bounded(s))
	says, stderr, found := strings.Cut(s, "[stderr]")
	if !found {
		return Head(Flat(s), limit)
	}
	says, _, _ = strings.Cut(says, "[stdout]")
	says = Head(Flat(says), limit/4)
	stderr = Flat(stderr)
	if stderr == "" {
		return says
	}
	says = strings.TrimSpace(says + " [stderr] ")
	return says + " " + Tail(stderr, limit-len(says)-1)
}

// Flat puts everything on one line: what Azure says ends up in logs, where a line is a record.
func Flat(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1 // invisible, and able to reorder what is read
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

const ellipsis = "…"

// Head cuts the end off.
func Head(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := max(limit-len(ellipsis), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}

// Tail cuts the beginning off.
func Tail(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	start := min(len(s)-limit+len(ellipsis), len(s))
	for start < len(s) && !utf8.RuneStart(s[start]) {
		start++
	}
	return ellipsis + s[start:]
}

// TextsIn lists the texts in protected settings.
func TextsIn(v any) []string {
	var found []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case []string:
			found = append(found, v...)
		case string:
			found = append(found, v)
		}
	}
	walk(v)
	return found
}

// maxText is how much of a text is looked at, in bytes: more than is ever shown, so that what is shown was redacted whole.
const maxText = 32 << 10

// Bounded is the text, or how long it is: half of a text may end in half of a secret, which is not recognized any more.
func Bounded(s string) string {
	if len(s) <= maxText {
		return s
	}
	return fmt.Sprintf("a text of %d bytes, which is not shown", len(s))
}
