// Package docs has the words that texts for users avoid. Its tests hold the documents to what is there.
package docs

import (
	_ "embed"
	"regexp"
	"strings"
)

//go:embed vocabulary.txt
var vocabulary string

// Avoided is an entry of vocabulary.txt: words that a text for users avoids, and what it says instead.
type Avoided struct {
	Words, Plain string
	pattern      *regexp.Regexp
	unless       *regexp.Regexp // what stands before the words where they are right; nil: nothing does
}

// Vocabulary returns the entries of vocabulary.txt.
func Vocabulary() []Avoided {
	var list []Avoided
	for line := range strings.Lines(vocabulary) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, " | ")
		entry := Avoided{Words: columns[0], pattern: wholeWords(columns[0], `\b`, `\b`)}
		if len(columns) > 1 {
			entry.Plain = columns[1]
		}
		if len(columns) > 2 {
			entry.unless = wholeWords(columns[2], `\b`, `\s+$`)
		}
		list = append(list, entry)
	}
	return list
}

// wholeWords matches words in any case and with any space between them.
func wholeWords(words, before, after string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)` + before + strings.Join(strings.Fields(regexp.QuoteMeta(words)), `\s+`) + after)
}

// In returns where the words stand in a text.
func (a Avoided) In(text string) []int {
	var places []int
	for _, place := range a.pattern.FindAllStringIndex(text, -1) {
		if a.unless == nil || !a.unless.MatchString(text[:place[0]]) {
			places = append(places, place[0])
		}
	}
	return places
}
