package redact

import (
	"regexp"
	"slices"
	"strings"
)

// form is the pattern of a secret, and its replacement.
type form struct {
	needs []string // one of these, in lower case, is in every text that has the form: looking for them is quick
	is    *regexp.Regexp
	with  string
}

func (f form) cut(s, lower string) string {
	if !slices.ContainsFunc(f.needs, func(n string) bool { return strings.Contains(lower, n) }) {
		return s
	}
	return f.is.ReplaceAllString(s, f.with)
}

// Parts of the expressions: how values are written, what names say that a secret follows, and how these go on.
const (
	value = `(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"'&;,]+)`
	names = `(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|cred|api[_.-]?key|` +
		`(?:access|account|private|shared|signing|encryption|master|storage)[_.-]?(?:access)?[_.-]?key|` +
		`shared[_.-]?access[_.-]?signature|sig|sas|auth(?:orization)?|cookie|conn(?:ection)?[_.-]?str(?:ing)?|license)`
	goesOn = `s?[0-9]*(?:[_.-][A-Za-z0-9_.-]*|[A-Z][A-Za-z0-9_]*)?`
)

var (
	inNames = []string{"pass", "pwd", "secret", "token", "cred", "key", "sig", "sas", "auth", "cookie", "conn", "license"}
	// beginnings of tokens that say whose they are.
	beginnings = []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "glptt-", "npm_", "dckr_pat_", "dop_v1_", "hvs.",
		"hvb.", "hvr.", "xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-", "xoxe.", "xoxc-", "xoxd-", "xapp-", "sk-", "sk_", "rk_", "pk_",
		"whsec_", "sg.", "ya29.", "aiza", "pypi-",
		"shpat_", "shpss_", "shpca_", "sq0", "atatt", "lin_api_", "hf_", "figd_", "nvapi-", "akia", "asia"}
)

// blocks are forms that go over lines: keys and certificates in PEM, also those that lack their beginning or their end.
var blocks = []form{
	{[]string{"-----begin "}, regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|$)`), Mark},
	{[]string{"-----end "}, regexp.MustCompile(`[A-Za-z0-9+/=\s\\]{8,}-----END [A-Z0-9 ]+-----`), Mark},
}

// forms are what secrets look like in a line of what Azure, its agents and scripts say. Cutting too much costs a detail; cutting too little
// costs the secret.
var forms = []form{
	// Users with passwords in any URL, and queries: shared access signatures, signed operation URLs. Nothing in a query is needed by people.
	{[]string{"://"}, regexp.MustCompile(`(?i)(\b[a-z][a-z0-9+.-]*://)[^\s"'<>/@:]*:[^\s"'<>]*@`), "${1}" + Mark + "@"},
	{[]string{"://"}, regexp.MustCompile(`(?i)(\b[a-z][a-z0-9+.-]*://)[^\s"'<>/@]+@`), "${1}" + Mark + "@"},
	{[]string{"://"}, regexp.MustCompile(`(?i)(https?://[^\s"'<>?]+)\?[^\s"'<>]+`), "${1}?" + Mark},
	// Headers.
	{
		[]string{"bearer", "basic", "digest", "sharedkey"},
		regexp.MustCompile(`(?i)\b(bearer|basic|digest|sharedkey)(\s+)[A-Za-z0-9._~+/=-]{8,}`), "${1}${2}" + Mark,
	},
	{
		[]string{"authorization", "cookie", "x-"},
		regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]*(?:key|token|secret|auth)[a-z-]*)(\s*:\s*)[^\r\n"']+`),
		"${1}${2}" + Mark,
	},
	// Tokens.
	{[]string{"eyj"}, regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,4}\.?`), Mark},
	{beginnings, regexp.MustCompile(`(?i)\b(?:` + alternatives(beginnings) + `)[A-Za-z0-9_./+=-]{8,}`), Mark},
	{[]string{"8q~"}, regexp.MustCompile(`[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{20,}`), Mark}, // client secrets of Entra ID
	{[]string{"="}, regexp.MustCompile(`[A-Za-z0-9+/]{30,}={1,2}`), Mark},                    // keys in base64, as those of storage accounts
	// Connection strings, whose values may hold blanks.
	{
		[]string{";"}, regexp.MustCompile(`(?i)\b(accountkey|sharedaccess(?:key|signature)|password|pwd)(\s*=\s*)[^;"'\r\n]{1,256};`),
		"${1}${2}" + Mark + ";",
	},
	// Options and settings whose name says what they are.
	{inNames, regexp.MustCompile(`(--?[A-Za-z0-9_.-]*(?i:` + names + `)[A-Za-z0-9_.-]*(?:\s+|\s*[=:]\s*))` + value), "${1}" + Mark},
	{inNames, regexp.MustCompile(`(\b[A-Za-z0-9_.-]*(?i:` + names + `)` + goesOn + `(?:\\?["']\s*[=:]|\s*=)\s*\\?)` + value), "${1}" + Mark},
	{inNames, regexp.MustCompile(`(\b[A-Za-z0-9_.-]*(?i:` + names + `)s?[0-9]*:\s*\\?)` + value), "${1}" + Mark},
	{[]string{"-u", "-user"}, regexp.MustCompile(
		`((?:^|\s)(?:-u|-U|--user|--proxy-user|--userpwd)(?:\s*=\s*|\s*)["']?)[^\s"':-][^\s"':]*:[^\s"']+`), "${1}" + Mark},
	{[]string{"sshpass"}, regexp.MustCompile(`(\bsshpass\s+-p\s*)` + value), "${1}" + Mark},
	{[]string{"mysql"}, regexp.MustCompile(`(\bmysql[a-z]*\b[^\r\n]*?\s-p)[^\s"']+`), "${1}" + Mark},
	// What env prints: nothing says what a variable holds.
	{[]string{"="}, regexp.MustCompile(`((?:^|[\s"';])[A-Z][A-Z0-9_]{1,}=)(?:"(?:[^"\\]|\\.){4,}"?|'[^']{4,}'?|[^\s"']{4,})`), "${1}" + Mark},
}

func alternatives(literals []string) string {
	quoted := make([]string, 0, len(literals))
	for _, l := range literals {
		quoted = append(quoted, regexp.QuoteMeta(l))
	}
	return strings.Join(quoted, "|")
}

// cutForms cuts what looks like a secret.
func cutForms(s string) string {
	lower := strings.ToLower(s)
	for _, f := range blocks {
		s = f.cut(s, lower)
	}
	var out strings.Builder
	for line := range strings.Lines(s) {
		lower := strings.ToLower(line)
		for _, f := range forms {
			line = f.cut(line, lower)
		}
		out.WriteString(line)
	}
	return out.String()
}
