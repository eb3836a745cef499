package redact

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// canonical is a text as it is compared: without what quoting, escaping, encoding in URLs and wrapping of lines add to it.
type canonical struct {
	of         string
	text       []byte
	start, end []int // of each byte, in the text
}

// canonicalOf undoes %41, \u0041, \x41 and &amp;, and leaves out blanks, quotes, backslashes and the given escapes.
func canonicalOf(s string, without ...string) canonical {
	c := canonical{of: s, text: make([]byte, 0, len(s)), start: make([]int, 0, len(s)), end: make([]int, 0, len(s))}
	for i := 0; i < len(s); {
		decoded, n := decodedAt(s[i:])
		if s[i] == '\\' && slices.ContainsFunc(without, func(e string) bool { return strings.HasPrefix(s[i:], e) }) {
			decoded, n = "", 2
		}
		for _, b := range []byte(decoded) {
			if !isLeftOut(b) {
				c.text, c.start, c.end = append(c.text, b), append(c.start, i), append(c.end, i+n)
			}
		}
		i += n
	}
	return c
}

func isLeftOut(b byte) bool {
	return b <= ' ' || b == 0x7f || b == '\'' || b == '"' || b == '`' || b == '\\'
}

// decodedAt returns the text that the beginning of a text stands for, and the length of that beginning.
func decodedAt(s string) (string, int) {
	switch s[0] {
	case '%':
		return percentAt(s)
	case '\\':
		return escapeAt(s)
	case '&':
		for entity, stands := range entities {
			if strings.HasPrefix(s, entity) {
				return stands, len(entity)
			}
		}
	}
	return s[:1], 1
}

// percentAt is decodedAt for a percent sign. It may itself be encoded, where a text was encoded twice.
func percentAt(s string) (string, int) {
	n := 1
	for strings.HasPrefix(s[n:], "25") && isHex(s[n+2:], 2) {
		n += 2
	}
	if isHex(s[n:], 2) {
		return byteOf(s[n : n+2]), n + 2
	}
	return s[:1], 1
}

// escapeAt is decodedAt for a backslash.
func escapeAt(s string) (string, int) {
	switch {
	case strings.HasPrefix(s, `\x`) && isHex(s[2:], 2):
		return byteOf(s[2:4]), 4
	case strings.HasPrefix(s, `\u`) && isHex(s[2:], 4):
		if code, err := strconv.ParseUint(s[2:6], 16, 16); err == nil {
			return string(rune(code)), 6
		}
	}
	return s[:1], 1
}

var entities = map[string]string{
	"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": `"`, "&apos;": "'", "&#39;": "'", "&#x27;": "'", "&#34;": `"`,
}

func isHex(s string, n int) bool {
	return len(s) >= n && strings.Trim(s[:n], "0123456789abcdefABCDEF") == ""
}

func byteOf(hex string) string {
	code, err := strconv.ParseUint(hex, 16, 8)
	if err != nil {
		return ""
	}
	return string([]byte{byte(code)})
}

// lower is the text in lower case: programs change it.
func (c canonical) lower() []byte {
	text := bytes.Clone(c.text)
	for i, b := range text {
		if 'A' <= b && b <= 'Z' {
			text[i] = b + 'a' - 'A'
		}
	}
	return text
}

// base64 is the text in the standard alphabet of base64.
func (c canonical) base64() []byte {
	text := bytes.Clone(c.text)
	for i, b := range text {
		switch b {
		case '-':
			text[i] = '+'
		case '_':
			text[i] = '/'
		}
	}
	return text
}

// isAlone reports whether a part of the text is no part of a longer word.
func (c canonical) isAlone(from, to int) bool {
	before := from == 0 || c.end[from-1] != c.start[from] || !isWord(c.text[from-1])
	after := to == len(c.text) || c.end[to-1] != c.start[to] || !isWord(c.text[to])
	return before && after
}

func isWord(b byte) bool {
	return b >= utf8.RuneSelf || b == '_' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// run widens a part of the text to the whole of what is encoded in base64 there, over the ends of lines.
func (c canonical) run(from, to int) (int, int, bool) {
	for from > 0 && isBase64(c.text[from-1]) && c.isJoined(from) {
		from--
	}
	for to < len(c.text) && isBase64(c.text[to]) && c.isJoined(to) {
		to++
	}
	return from, to, true
}

func isBase64(b byte) bool {
	return b < utf8.RuneSelf && isWord(b) || b == '+' || b == '/' || b == '=' || b == '-'
}

// isJoined reports whether nothing but the end of a line, or that of a line in quotes, stands before a byte.
func (c canonical) isJoined(at int) bool {
	between := c.of[min(c.end[at-1], c.start[at]):c.start[at]]
	return strings.Trim(between, "\r\n\\") == "" || strings.Trim(between, `\rn`) == ""
}

// beginnings are the places where a text may begin in the middle of a word: agents keep the end of what scripts print.
func (c canonical) beginnings() []int {
	places := []int{0}
	for _, before := range []string{"[stdout]", "[stderr]", "…", "..."} {
		for at := 0; ; {
			found := bytes.Index(c.text[at:], []byte(before))
			if found < 0 {
				break
			}
			at += found + len(before)
			places = append(places, at)
		}
	}
	return places
}

// spellings are the ways to write a secret that canonicalOf does not make the same.
func spellings(secret string) []string {
	all := []string{secret}
	if query := url.QueryEscape(secret); strings.Contains(query, "+") {
		all = append(all, query) // where + stands for a blank
	}
	return all
}

// base64Parts are what base64 of any text that holds the secret holds: it begins at one of three places in a group, and the characters
// that it shares with what stands around it are left out.
func base64Parts(secret string) [][]byte {
	var parts [][]byte
	for before := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), secret...))
		first, last := (before*8+5)/6, (before+len(secret))*8/6
		parts = append(parts, []byte(encoded[first:last]))
	}
	return parts
}

// separators end a word. What the first of them part are options and settings, what all of them part are also the parts of a URL or of a
// connection string.
var separators = []string{"", `"'=;,&`, "\"'=;,&:/@?|<>(){}[]$!`\\#%*^"}

// wordsIn are the words of a value that are worth hiding, in every sense of a word: a program may quote any of them.
func wordsIn(value string) []string {
	var words []string
	for _, set := range separators {
		words = append(words, strings.FieldsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(set, r) })...)
	}
	words = slices.DeleteFunc(words, func(w string) bool { return len(w) < fewest })
	slices.Sort(words)
	return slices.Compact(words)
}

// maxDecodedLength bounds what is unpacked.
const maxDecodedLength = 1 << 20

// decodedIn are the texts that a value, or a word of it, is the base64 of, as that of a whole script is.
func decodedIn(value string) []string {
	var texts []string
	for _, word := range append(wordsIn(value), strings.Join(strings.Fields(value), "")) {
		if text := decoded(word); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

func decoded(word string) string {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(word, "="))
	content, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil || len(content) < fewest {
		return ""
	}
	if packed, err := gzip.NewReader(bytes.NewReader(content)); err == nil {
		content, _ = io.ReadAll(io.LimitReader(packed, maxDecodedLength)) // what of it can be read is worth hiding
	}
	if bytes.Count(content, []byte{0}) == len(content)/2 {
		content = bytes.ReplaceAll(content, []byte{0}, nil) // UTF-16, as PowerShell has it
	}
	isText := utf8.Valid(content) && !bytes.ContainsFunc(content, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) })
	if !isText {
		return ""
	}
	return string(content)
}
