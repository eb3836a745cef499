package azure

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	messageLimit = 512  // bytes of a problem's message
	failureLimit = 1024 // bytes of what is shown of a failed machine
	redacted     = "REDACTED"
)

// secretForms are what secrets look like in what Azure, its agents and scripts say. Redacting too much costs a detail; redacting
// too little costs the secret.
var secretForms = []struct {
	form *regexp.Regexp
	with string
}{
	// Queries of URLs: shared access signatures, signed operation URLs. Nothing in a query is needed by people.
	{regexp.MustCompile(`(?i)(https?://[^\s"'<>?]+)\?[^\s"'<>]+`), "${1}?" + redacted},
	{regexp.MustCompile(`(?i)(https?://)[^\s"'<>/@]+@`), "${1}" + redacted + "@"},
	{regexp.MustCompile(`(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}`), "${1}${2}" + redacted},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?`), redacted},
	{regexp.MustCompile(`(?i)\b(sig|sas|token|access_?token|accountkey|storageaccountkey|sharedaccess(?:key|signature)|api[_-]?key|client_?secret|secret|password|passwd|pwd)(["']?\s*[=:]\s*["']?)[^\s"'&;,]+`), "${1}${2}" + redacted},
}

// redact hides what looks like a secret, and the given secrets in particular.
func redact(s string, secrets ...string) string {
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, secret, redacted)
	}
	for _, f := range secretForms {
		s = f.form.ReplaceAllString(s, f.with)
	}
	return s
}

// clean makes of what somebody else wrote a single line of at most limit bytes that gives nothing away.
func clean(s string, limit int, secrets ...string) string {
	return head(flat(redact(s, secrets...)), limit)
}

// failure is clean for the message of a failed extension: of a long one it keeps the beginning, which says what failed, and the
// end of stderr, which says why. What the script printed to stdout is not shown.
func failure(s string, limit int, secrets ...string) string {
	s = redact(s, secrets...)
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

// fewest is how short a word may be and still be worth hiding: shorter ones occur everywhere, and hiding them would leave
// nothing to read.
const fewest = 6

// secretsIn lists everything in protected settings that must not be repeated: every string, and every word of it, since Azure
// may quote a part. The longest come first, so that a part never spoils the whole.
func secretsIn(v any) []string {
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
			for _, e := range v {
				walk(e)
			}
		case string:
			found = append(found, v)
			found = append(found, strings.FieldsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"'=;,&`, r) })...)
		}
	}
	walk(v)
	found = slices.DeleteFunc(found, func(s string) bool { return len(s) < fewest })
	slices.SortFunc(found, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(found)
}
