package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The bounds of a ledger of machines. A thousand of them have to fit into a status, whatever they are called.
const (
	maxIDSize  = 256   // one entry of the ledger
	maxExposed = 10000 // what ranges can stand for, whatever somebody wrote into the status
)

// idsFrom writes ids, in their order, as few entries: numbers as they are printed for people, 0 1 2 3 7 is "0-3,7", and names that begin
// alike together, web_0a web_0b, as in Flexible scale sets, is "web_{0a,0b}". What would read as one of these is marked.
func idsFrom(ids []string) []string {
	var out []string
	for len(ids) > 0 {
		text, taken := numbersFrom(ids)
		if taken == 0 {
			text, taken = familyFrom(ids)
		}
		if taken == 0 {
			text, taken = literal(ids[0]), 1
		}
		out, ids = append(out, text), ids[taken:]
	}
	return out
}

// idsOf reads what idsFrom wrote.
func idsOf(entries []string) []string {
	var out []string
	for _, text := range entries {
		if numbers, is := numbersOf(text); is {
			out = append(out, numbers...)
		} else {
			out = append(out, familyOf(text)...)
		}
	}
	return out
}

// inOrder sorts ids so that those that can be written together follow each other: numbers by value, then the others as text.
func inOrder(ids []string) []string {
	slices.SortFunc(ids, func(a, b string) int {
		x, isX := numeric(a)
		y, isY := numeric(b)
		switch {
		case isX && isY:
			return cmp.Compare(x, y)
		case isX:
			return -1
		case isY:
			return 1
		default:
			return cmp.Compare(a, b)
		}
	})
	return ids
}

// literal marks an id that would read as a range, as a family, or as marked.
func literal(id string) string {
	if _, is := numbersOf(id); is || strings.HasPrefix(id, "=") || strings.HasSuffix(id, "}") {
		return "=" + id
	}
	return id
}

// numbersFrom writes the numbers at the head of the list, as many as fit, and says how many there are.
func numbersFrom(ids []string) (string, int) {
	var parts []string
	taken, size := 0, 0
	for taken < len(ids) {
		part, several := rangeFrom(ids[taken:])
		if size += len(part) + 1; several == 0 || size > maxIDSize {
			break
		}
		parts, taken = append(parts, part), taken+several
	}
	return strings.Join(parts, ","), taken
}

// numbersOf reads what numbersFrom wrote. A range stands for no more than maxExposed, whatever somebody wrote.
func numbersOf(text string) (out []string, is bool) {
	for part := range strings.SplitSeq(text, ",") {
		from, to, is := rangeOf(part)
		if !is {
			return nil, false
		}
		for id := from; id <= to && len(out) < maxExposed; id++ {
			out = append(out, strconv.FormatUint(id, 10))
		}
	}
	return out, true
}

// rangeFrom writes the numbers at the head of the list that follow each other, and says how many there are.
func rangeFrom(ids []string) (string, int) {
	first, is := numeric(ids[0])
	last, taken := first, 1
	for ; is && taken < len(ids); taken++ {
		next, follows := numeric(ids[taken])
		if !follows || next != last+1 {
			break
		}
		last = next
	}
	switch {
	case !is:
		return "", 0
	case taken == 1:
		return ids[0], 1
	default:
		return fmt.Sprintf("%d-%d", first, last), taken
	}
}

// rangeOf reads a number, or a range such as 3-17.
func rangeOf(text string) (from, to uint64, is bool) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, okFrom := numeric(first)
	to, okTo := numeric(last)
	return from, to, okFrom && okTo
}

// numeric reads a number that is written the usual way.
func numeric(id string) (uint64, bool) {
	n, err := strconv.ParseUint(id, 10, 63)
	return n, err == nil && strconv.FormatUint(n, 10) == id
}

// familyFrom writes the names at the head of the list that are alike up to the last underscore, and says how many there are; 0
// for fewer than two. The words of an Azure name are letters, digits, underscores, dots and hyphens; anything else is no family.
func familyFrom(ids []string) (string, int) {
	stem, _, is := stemOf(ids[0])
	text := stem + "{"
	taken := 0
	for is && taken < len(ids) {
		other, rest, alike := stemOf(ids[taken])
		if !alike || other != stem || len(text)+len(rest)+1 > maxIDSize {
			break
		}
		text += rest + ","
		taken++
	}
	if taken < 2 {
		return "", 0
	}
	return strings.TrimSuffix(text, ",") + "}", taken
}

// familyOf reads names that are written together, or the one name that the text is.
func familyOf(text string) []string {
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

// stemOf cuts a name after its last underscore.
func stemOf(id string) (stem, rest string, is bool) {
	at := strings.LastIndex(id, "_") + 1
	return id[:at], id[at:], at > 0 && !strings.ContainsAny(id, "{},=")
}
