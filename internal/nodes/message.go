package nodes

import (
	"strings"
	"unicode"
)

const (
	maxMessage = 600 // bytes of what is said of one node
	maxReason  = 200 // bytes of what is quoted
)

// clip bounds a text to a number of bytes, without cutting a character, and leaves out what is not printable.
func clip(text string, most int) string {
	var kept strings.Builder
	for _, r := range text {
		if unicode.IsSpace(r) {
			r = ' '
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			continue
		}
		if kept.Len()+len("…")+len(string(r)) > most {
			return kept.String() + "…"
		}
		kept.WriteRune(r)
	}
	return kept.String()
}
