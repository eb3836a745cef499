package azuresim

import (
	"bytes"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// A list of a thousand instances is four megabytes of JSON, nearly all of which they share. So what is alike is written once, as a
// form, and filled in for each. A form is cut out of what the one renderer of instances (look.body) writes, never written by hand:
// the two cannot come to differ.

// form is the JSON of a listed instance with blanks left for what is its own.
type form struct {
	pieces []piece
	doc    object // keeps the tree alive whose address is in the likeness
}

// piece is some text and the blank after it; the last piece has none.
type piece struct {
	text  []byte
	blank blank
}

// blank appends what one instance has in a place that all have.
type blank func(out []byte, l look) []byte

// likeness is all that instances must have in common to share a form. A new member of instance that is shown belongs here, or
// among the blanks, or has to make an instance peculiar; TestFormsKnowEveryField asks for it.
type likeness struct {
	set       *scaleSet
	doc       uintptr // of the tree, which never changes once it is the set's
	upperCase bool
	version   apiVersion
	expands   bool
	projects  bool

	model        *model
	isLatest     bool
	provisioning provisioning
	power        power
	health       health

	zone, exact                                    string
	hasProtection, protectScaleIn, protectsActions bool
}

func (l listing) likeness(shown look, version apiVersion) likeness {
	set := shown.set
	return likeness{
		set: set, doc: reflect.ValueOf(set.doc).Pointer(), upperCase: set.upperCase,
		version: version, expands: l.expands, projects: l.projects,
		model: shown.state.model, isLatest: shown.state.model == shown.latest,
		provisioning: shown.state.provisioning, power: shown.state.power, health: shown.state.health,
		zone: shown.zone, exact: shown.exact,
		hasProtection: shown.hasProtection, protectScaleIn: shown.protectScaleIn, protectsActions: shown.protectActions,
	}
}

// isPeculiar says whether an instance shows something that hardly any other does.
func (inst *instance) isPeculiar() bool { return inst.tags != nil || len(inst.results) > 0 }

// formsKept bounds the forms at some megabytes. Making one costs as much as writing a few instances, so all may be forgotten at once.
const formsKept = 256

// draw writes one instance of a list.
func (s *lister) draw(w *jsonWriter, l listing, shown look, version apiVersion, depth int) {
	if shown.isPeculiar() {
		w.value(l.item(shown, version), depth)
		return
	}
	key := l.likeness(shown, version)
	f, known := s.forms[key]
	if !known {
		f = l.newForm(shown, version, depth)
		if len(s.forms) >= formsKept {
			clear(s.forms)
		}
		s.forms[key] = f
	}
	if f == nil {
		w.value(l.item(shown, version), depth)
		return
	}
	w.out = f.fill(w.out, shown)
}

func (f *form) fill(out []byte, shown look) []byte {
	for _, p := range f.pieces {
		out = append(out, p.text...)
		if p.blank != nil {
			out = p.blank(out, shown)
		}
	}
	return out
}

// blanks are what instances have of their own. None's text begins with another's, in the instances that forms are cut from.
var blanks = []blank{
	func(out []byte, l look) []byte { return strconv.AppendInt(out, int64(l.id), 10) },
	func(out []byte, l look) []byte { return append(out, l.number36()...) },
	func(out []byte, l look) []byte { return append(out, l.suffix...) },
	func(out []byte, l look) []byte { return append(out, l.suffix36()...) },
	func(out []byte, l look) []byte { return append(out, l.vmID.String()...) },
	func(out []byte, l look) []byte { return append(out, hexID(l.vmID)...) },
	func(out []byte, l look) []byte { return append(out, hexID(l.disk)...) },
	func(out []byte, l look) []byte { return strconv.AppendInt(out, int64(l.etag), 10) },
	func(out []byte, l look) []byte { return strconv.AppendInt(out, int64(l.fault), 10) },
	func(out []byte, l look) []byte { return appendARMTime(out, l.born) },
	func(out []byte, l look) []byte { return appendARMTime(out, time.Unix(0, l.attached)) },
	func(out []byte, l look) []byte { return appendARMTime(out, l.stateTime()) },
	func(out []byte, l look) []byte { return l.stateTime().UTC().AppendFormat(out, agentTime) },
	func(out []byte, l look) []byte { return appendARMTime(out, time.Unix(0, l.healthTime)) },
}

// newForm cuts a form for all that are like an instance; nil if there is none: then each is written by itself.
func (l listing) newForm(shown look, version apiVersion, depth int) *form {
	first, second := shown.standIn(1), shown.standIn(2)
	f := &form{doc: shown.set.doc}
	c := cutter{first: written(l.item(first, version), depth), second: written(l.item(second, version), depth)}
	for _, b := range blanks {
		one, other := b(nil, first), b(nil, second)
		if len(one) > 0 { // a Uniform set's names have no suffix
			c.marks = append(c.marks, mark{b, one, other})
		}
	}
	pieces, ok := c.cut()
	if !ok {
		return nil
	}
	f.pieces = pieces
	return f
}

// standIn is an instance like another, with texts in its blanks that occur nowhere else in it.
func (l look) standIn(n int) look {
	inst := *l.instance
	inst.id = 98_700 + 7*n // of five digits, so that a number filled up to six is another text, in whatever base
	inst.etag = 8_765_430_000 + 11*n
	inst.fault = 5_432_180_000 + 13*n
	if inst.suffix != "" {
		inst.suffix = "fedcba1" + strconv.Itoa(n)
	}
	inst.vmID, inst.disk = uuid.UUID{0: 0xfe, 15: byte(n)}, uuid.UUID{0: 0xef, 15: byte(n)}
	inst.born = time.Date(2001, 2, 3, 4, 5, n, 1_234_500, time.UTC)
	inst.attached = time.Date(2003, 4, 5, 6, 7, n, 2_345_600, time.UTC).UnixNano()
	l.state.since = time.Date(2002, 3, 4, 5, 6, n, 6_543_200, time.UTC).UnixNano()
	l.healthTime = time.Date(2004, 5, 6, 7, 8, n, 3_456_700, time.UTC).UnixNano() // it need not be that of the state
	l.instance = &inst
	return l
}

// mark is a blank with what two stand-ins have in it.
type mark struct {
	blank         blank
	first, second []byte
}

// cutter cuts a form out of two stand-ins. Where they differ, a blank must explain it; what is the same in both is text, even
// where it looks like what one of them has in a blank.
type cutter struct {
	first, second []byte
	marks         []mark
	pieces        []piece
	text          []byte
}

func (c *cutter) cut() (pieces []piece, ok bool) {
	for len(c.first) > 0 && len(c.second) > 0 {
		if c.takeMark() {
			continue
		}
		if c.first[0] != c.second[0] {
			return nil, false
		}
		c.text = append(c.text, c.first[0])
		c.first, c.second = c.first[1:], c.second[1:]
	}
	return append(c.pieces, piece{text: c.text}), len(c.first) == len(c.second)
}

func (c *cutter) takeMark() bool {
	for _, m := range c.marks {
		if bytes.HasPrefix(c.first, m.first) && bytes.HasPrefix(c.second, m.second) {
			c.pieces = append(c.pieces, piece{c.text, m.blank})
			c.text = nil
			c.first, c.second = c.first[len(m.first):], c.second[len(m.second):]
			return true
		}
	}
	return false
}

// written is a tree as it stands at a depth of a larger one.
func written(value any, depth int) []byte {
	w := jsonWriter{indent: true}
	w.value(value, depth)
	return w.out
}
