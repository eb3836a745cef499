// Package redact cuts secrets out of texts that come from outside, before anything else is made of them: what secrets look like, and
// the secrets that are known, in every spelling in which programs print them.
package redact

import (
	"bytes"
	"context"
	"strings"
)

// Mark stands in the place of what was cut.
const Mark = "REDACTED"

const (
	// fewest is how short a word may be and still be worth hiding: shorter ones occur everywhere, and hiding them would leave nothing to
	// read.
	fewest = 6
	// fewestAlone is the same for a whole value, which is hidden where it stands alone.
	fewestAlone = 3
	// fewestCut is the same for what is left of a word that was cut in two before it came here.
	fewestCut = 4
	// longest is how much of a text is looked at: of a longer one, the beginning and the end.
	longest = 64 << 10
)

// Redactor cuts known secrets, and what looks like one. A nil Redactor cuts what looks like one.
type Redactor struct {
	plain  index // canonical spellings, in lower case
	base64 index // what stands in base64 of a text that holds a secret

	// Blind is why not all secrets are known that a script of the run may print; "": they are. Then what Azure says of instances and of
	// operations is not to be shown at all.
	Blind string
	// BlindScripts is the same where only what scripts printed may hold them.
	BlindScripts string
	// BlindOutdated is the same for scripts of instances that are not at the latest model.
	BlindOutdated string
}

// Of returns a Redactor that cuts the given values of Secrets, and every word of them.
func Of(values ...string) *Redactor {
	return (*Redactor)(nil).With(values...)
}

// With returns a Redactor that cuts the given values as well.
func (r *Redactor) With(values ...string) *Redactor {
	more := &Redactor{plain: newIndex(), base64: newIndex()}
	if r != nil {
		more = &Redactor{
			plain: r.plain.clone(), base64: r.base64.clone(), Blind: r.Blind, BlindScripts: r.BlindScripts, BlindOutdated: r.BlindOutdated,
		}
	}
	for _, value := range values {
		more.addValue(value)
	}
	return more
}

// addValue adds a value, its words, and what they are the base64 of.
func (r *Redactor) addValue(value string) {
	value = strings.TrimSpace(value)
	if len(value) >= fewestAlone {
		r.addSpellings(value)
	}
	for _, word := range wordsIn(value) {
		r.addSpellings(word)
	}
	for _, inner := range decodedIn(value) {
		for _, word := range append(wordsIn(inner), inner) {
			r.addSpellings(word)
		}
	}
}

func (r *Redactor) addSpellings(secret string) {
	for _, spelled := range spellings(secret) {
		r.plain.add(canonicalOf(spelled).lower())
	}
	if len(secret) >= fewest {
		for _, part := range base64Parts(secret) {
			r.base64.add(part)
		}
	}
}

// Text returns the text without secrets.
func (r *Redactor) Text(s string) string {
	if len(s) > longest {
		return r.Text(s[:longest/2]) + "…" + r.Text(s[len(s)-longest/2:])
	}
	return cutForms(r.cutKnown(s))
}

// cutKnown cuts the secrets that are known. What \n is, the end of a line or a letter, depends on who wrote it, so both are tried.
func (r *Redactor) cutKnown(s string) string {
	if r == nil || len(r.plain.known) == 0 {
		return s
	}
	if strings.Contains(s, `\n`) || strings.Contains(s, `\r`) {
		s = r.cutIn(canonicalOf(s, `\n`, `\r`, `\t`))
	}
	return r.cutIn(canonicalOf(s))
}

func (r *Redactor) cutIn(c canonical) string {
	hidden := make([]bool, len(c.text))
	lower, encoded := c.lower(), c.base64()
	r.plain.mark(lower, hidden, func(from, to int) (int, int, bool) { return from, to, to-from >= fewest || c.isAlone(from, to) })
	r.base64.mark(encoded, hidden, c.run)
	for _, at := range c.beginnings() {
		r.plain.markBeginning(lower, at, hidden, nil)
		r.base64.markBeginning(encoded, at, hidden, c.run)
	}
	r.plain.markEnd(lower, hidden)
	r.base64.markEnd(encoded, hidden)
	return c.without(hidden)
}

// without is the text with the hidden bytes replaced.
func (c canonical) without(hidden []bool) string {
	s := c.of
	var out strings.Builder
	kept := 0
	for i := 0; i < len(hidden); i++ {
		if !hidden[i] {
			continue
		}
		from := c.start[i]
		for i+1 < len(hidden) && hidden[i+1] {
			i++
		}
		if from < kept {
			from = kept
		}
		out.WriteString(s[kept:from] + Mark)
		kept = c.end[i]
	}
	return out.String() + s[kept:]
}

// index finds secrets by how they begin.
type index struct {
	byBeginning map[[fewestAlone]byte][][]byte
	known       map[string]bool
}

func newIndex() index {
	return index{byBeginning: map[[fewestAlone]byte][][]byte{}, known: map[string]bool{}}
}

func (x index) clone() index {
	more := newIndex()
	for secret := range x.known {
		more.add([]byte(secret))
	}
	return more
}

func (x index) add(secret []byte) {
	if len(secret) < fewestAlone || x.known[string(secret)] {
		return
	}
	x.known[string(secret)] = true
	key := [fewestAlone]byte(secret[:fewestAlone])
	x.byBeginning[key] = append(x.byBeginning[key], secret)
}

// mark hides every occurrence. widen says from where to where, and whether at all.
func (x index) mark(text []byte, hidden []bool, widen func(from, to int) (int, int, bool)) {
	for at := 0; at+fewestAlone <= len(text); at++ {
		for _, secret := range x.byBeginning[[fewestAlone]byte(text[at:at+fewestAlone])] {
			if !bytes.HasPrefix(text[at:], secret) {
				continue
			}
			if from, to, is := widen(at, at+len(secret)); is {
				hide(hidden, from, to)
			}
		}
	}
}

// markBeginning hides the end of a secret at a place where a program may have cut the text in the middle of it.
func (x index) markBeginning(text []byte, at int, hidden []bool, widen func(from, to int) (int, int, bool)) {
	if len(text)-at < fewestCut {
		return
	}
	for secret := range x.known {
		from, to := at, at+endOf(secret, text[at:])
		if to > from && widen != nil {
			from, to, _ = widen(from, to)
		}
		hide(hidden, from, to)
	}
}

// endOf is how much of the beginning of the text is the end of the secret.
func endOf(secret string, text []byte) int {
	if len(secret) < fewest {
		return 0
	}
	for n := min(len(secret)-1, len(text)); n >= fewestCut; n-- {
		if secret[len(secret)-n:] == string(text[:n]) {
			return n
		}
	}
	return 0
}

// markEnd hides the beginning of a secret at the end of the text.
func (x index) markEnd(text []byte, hidden []bool) {
	for from := max(len(text)-maxCut, 0); from+fewestCut <= len(text); from++ {
		for _, secret := range x.byBeginning[[fewestAlone]byte(text[from:from+fewestAlone])] {
			if len(secret) >= fewest && bytes.HasPrefix(secret, text[from:]) {
				hide(hidden, from, len(text))
			}
		}
	}
}

// maxCut is how far back from its end a text is searched for the beginning of a secret.
const maxCut = 8 << 10

func hide(hidden []bool, from, to int) {
	for i := from; i < to; i++ {
		hidden[i] = true
	}
}

type contextKey struct{}

// Into returns a context from which those who read texts take the Redactor. It is made when the first text is there to be cut.
func Into(ctx context.Context, of func() *Redactor) context.Context {
	return context.WithValue(ctx, contextKey{}, of)
}

// From returns the Redactor of the context, nil if it has none.
func From(ctx context.Context) *Redactor {
	if of, has := ctx.Value(contextKey{}).(func() *Redactor); has {
		return of()
	}
	return nil
}
