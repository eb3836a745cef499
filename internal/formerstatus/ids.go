package formerstatus

import (
	"strconv"
	"strings"
)

// maxIDs bounds what ranges stand for, whatever the text claims.
const maxIDs = 10_000

// idsOf returns the ids that were written together: "0-3,7" is 0 1 2 3 7, "web_{0a,0b}" is web_0a web_0b, and "=0-3" is the id 0-3.
func idsOf(entries []string) []string {
	var out []string
	for _, text := range entries {
		if numbers, is := numbersOf(text); is {
			out = append(out, numbers...)
		} else {
			out = append(out, namesOf(text)...)
		}
	}
	return out
}

func numbersOf(text string) (out []string, is bool) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, okFrom := numberOf(first)
		to, okTo := numberOf(last)
		if !okFrom || !okTo {
			return nil, false
		}
		for id := from; id <= to && len(out) < maxIDs; id++ {
			out = append(out, strconv.FormatUint(id, 10))
		}
	}
	return out, true
}

// numberOf returns a number that is written the usual way.
func numberOf(id string) (uint64, bool) {
	n, err := strconv.ParseUint(id, 10, 63)
	return n, err == nil && strconv.FormatUint(n, 10) == id
}

func namesOf(text string) []string {
	stem, rest, is := strings.Cut(text, "{")
	if marked := strings.HasPrefix(text, "="); marked || !is || !strings.HasSuffix(rest, "}") {
		return []string{strings.TrimPrefix(text, "=")}
	}
	var out []string
	for word := range strings.SplitSeq(strings.TrimSuffix(rest, "}"), ",") {
		out = append(out, stem+word)
	}
	return out
}
