package azure

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
)

const (
	messageLimit = 512  // bytes of a problem's message
	failureLimit = 1024 // bytes of what is shown of a failed machine
)

// cut hides what looks like a secret.
func cut(s string) string { return (*redact.Redactor)(nil).Text(s) }

// clean makes of what somebody else wrote a single line of at most limit bytes that gives nothing away.
func clean(s string, limit int, r *redact.Redactor) string {
	return head(flat(r.Text(boundedText(s))), limit)
}

// failure is clean for the message of a failed extension: of a long one it keeps the beginning, which says what failed, and the
// end of stderr, which says why. What the script printed to stdout is not shown.
func failure(s string, limit int, r *redact.Redactor) string {
	s = r.Text(boundedText(s))
	says, stderr, found := strings.Cut(s, "[stderr]")
	if !found {
		return head(flat(s), limit)
	}
	says, _, _ = strings.Cut(says, "[stdout]")
	says = head(flat(says), limit/4)
	stderr = flat(stderr)
	if stderr == "" {
		return says
	}
	says = strings.TrimSpace(says + " [stderr] ")
	return says + " " + tail(stderr, limit-len(says)-1)
}

// flat puts everything on one line: what Azure says ends up in logs, where a line is a record.
func flat(s string) string {
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

// head cuts the end off.
func head(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := max(limit-len(ellipsis), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}

// tail cuts the beginning off.
func tail(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	start := min(len(s)-limit+len(ellipsis), len(s))
	for start < len(s) && !utf8.RuneStart(s[start]) {
		start++
	}
	return ellipsis + s[start:]
}

// textsIn lists the texts in protected settings.
func textsIn(v any) []string {
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
