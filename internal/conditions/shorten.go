package conditions

import (
	"strings"
	"unicode/utf8"
)

const ellipsis = "…"

// Shorten returns text as valid UTF-8 of at most limit bytes, with an ellipsis where it was cut. What is short enough stays
// as it is, so shortening twice is shortening once.
func Shorten(text string, limit int) string {
	text = strings.ToValidUTF8(text, "?")
	if len(text) <= limit {
		return text
	}
	cut := max(0, limit-len(ellipsis))
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	if limit < len(ellipsis) {
		return ""
	}
	return text[:cut] + ellipsis
}
