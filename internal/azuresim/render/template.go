package render

import (
	"bytes"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// A list of a thousand instances is four megabytes of JSON, nearly all of which they share. So the shared part is written once, as a
// template, and filled in for each instance. A template is cut out of the output of the one renderer of instances (Snapshot.Body), never
// written by hand: so the two cannot differ.

// template is the JSON of a listed instance with blanks for the instance's own values.
type template struct {
	pieces []piece
	doc    tree.Object // keeps the tree alive whose address is in the templateKey
}

// piece is some text and the blank after it; the last piece has none.
type piece struct {
	text  []byte
	blank blank
}

// blank appends what one instance has in a place that all have.
type blank func(out []byte, l Snapshot) []byte

// templateKey is all that instances must have in common to share a template. A new member of instance that is shown belongs here, or
// among the blanks, or has to make an instance peculiar; TestTemplatesKnowEveryField asks for it.
type templateKey struct {
	set       *vmss.ScaleSet
	doc       uintptr // of the tree, which never changes once it is the set's
	upperCase bool
	version   arm.APIVersion
	expands   bool
	projects  bool

	model        *vmprofile.Model
	isLatest     bool
	provisioning vmss.Provisioning
	power        vmss.Power
	health       vmss.Health

	handlerUpgrades                                int
	zone, exact                                    string
	hasProtection, protectScaleIn, protectsActions bool
}

func (l Listing) templateKey(shown Snapshot, version arm.APIVersion) templateKey {
	set := shown.Set
	return templateKey{
		set: set, doc: reflect.ValueOf(set.Doc).Pointer(), upperCase: set.UpperCase,
		version: version, expands: l.expands, projects: l.projects,
		model: shown.state.Model, isLatest: shown.state.Model == shown.latest,
		provisioning: shown.state.Provisioning, power: shown.state.Power, health: shown.state.Health,
		handlerUpgrades: shown.HandlerUpgrades, zone: shown.Zone, exact: shown.Exact,
		hasProtection: shown.HasProtection, protectScaleIn: shown.ProtectScaleIn, protectsActions: shown.ProtectActions,
	}
}

// isPeculiar reports whether an instance shows fields that hardly any other does, or may have a disk's name that was shortened otherwise
// than that of a stand-in.
func isPeculiar(inst *vmss.Instance) bool {
	return inst.Tags != nil || len(inst.Results) > 0 || len(inst.Applications) > 0 || inst.Hostless != nil || inst.Joined != "" ||
		inst.Set.ShortensNames()
}

// TemplatesKept bounds the templates at some megabytes. Making one costs as much as writing a few instances, so all may be forgotten at
// once.
const TemplatesKept = 256

// Draw writes one instance of a list.
func (s *Lister) Draw(w *tree.Writer, l Listing, shown Snapshot, version arm.APIVersion, depth int) {
	if isPeculiar(shown.Instance) {
		w.Value(l.Item(shown, version), depth)
		return
	}
	key := l.templateKey(shown, version)
	f, known := s.Templates[key]
	if !known {
		f = l.newTemplate(shown, version, depth)
		if len(s.Templates) >= TemplatesKept {
			clear(s.Templates)
		}
		s.Templates[key] = f
	}
	if f == nil {
		w.Value(l.Item(shown, version), depth)
		return
	}
	w.Out = f.fill(w.Out, shown)
}

func (f *template) fill(out []byte, shown Snapshot) []byte {
	for _, p := range f.pieces {
		out = append(out, p.text...)
		if p.blank != nil {
			out = p.blank(out, shown)
		}
	}
	return out
}

// blanks are the instances' own values. None's text begins with another's, in the instances that templates are cut from.
var blanks = []blank{
	func(out []byte, l Snapshot) []byte { return strconv.AppendInt(out, int64(l.ID), 10) },
	func(out []byte, l Snapshot) []byte { return append(out, l.Number36()...) },
	func(out []byte, l Snapshot) []byte { return append(out, l.Suffix...) },
	func(out []byte, l Snapshot) []byte { return append(out, l.Suffix36()...) },
	func(out []byte, l Snapshot) []byte { return append(out, l.VMID.String()...) },
	func(out []byte, l Snapshot) []byte { return append(out, kernel.HexID(l.VMID)...) },
	func(out []byte, l Snapshot) []byte { return append(out, kernel.HexID(l.Disk)...) },
	func(out []byte, l Snapshot) []byte { return strconv.AppendInt(out, int64(l.Etag), 10) },
	func(out []byte, l Snapshot) []byte { return strconv.AppendInt(out, int64(l.Fault), 10) },
	func(out []byte, l Snapshot) []byte { return arm.AppendTime(out, l.Born) },
	func(out []byte, l Snapshot) []byte { return arm.AppendTime(out, time.Unix(0, l.Attached)) },
	func(out []byte, l Snapshot) []byte { return arm.AppendTime(out, l.stateTime()) },
	func(out []byte, l Snapshot) []byte { return l.stateTime().UTC().AppendFormat(out, agentTime) },
	func(out []byte, l Snapshot) []byte { return arm.AppendTime(out, time.Unix(0, l.healthTime)) },
}

// newTemplate cuts a template for all that are like an instance; nil if there is none: then each is written by itself.
func (l Listing) newTemplate(shown Snapshot, version arm.APIVersion, depth int) *template {
	first, second := shown.standIn(1), shown.standIn(2)
	f := &template{doc: shown.Set.Doc}
	c := cutter{first: written(l.Item(first, version), depth), second: written(l.Item(second, version), depth)}
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
func (l Snapshot) standIn(n int) Snapshot {
	inst := *l.Instance
	inst.ID = 98_700 + 7*n // of five digits, so that a number filled up to six is another text, in whatever base
	inst.Etag = 8_765_430_000 + 11*n
	inst.Fault = 5_432_180_000 + 13*n
	if inst.Suffix != "" {
		inst.Suffix = "fedcba1" + strconv.Itoa(n)
	}
	inst.VMID, inst.Disk = uuid.UUID{0: 0xfe, 15: byte(n)}, uuid.UUID{0: 0xef, 15: byte(n)}
	inst.Born = time.Date(2001, 2, 3, 4, 5, n, 1_234_500, time.UTC)
	inst.Attached = time.Date(2003, 4, 5, 6, 7, n, 2_345_600, time.UTC).UnixNano()
	l.state.Since = time.Date(2002, 3, 4, 5, 6, n, 6_543_200, time.UTC).UnixNano()
	l.healthTime = time.Date(2004, 5, 6, 7, 8, n, 3_456_700, time.UTC).UnixNano() // it need not be that of the state
	l.Instance = &inst
	return l
}

// mark is a blank with what two stand-ins have in it.
type mark struct {
	blank         blank
	first, second []byte
}

// cutter cuts a template out of two stand-ins. Where they differ, a blank must explain it. Equal parts are text, even if they look like the
// value of one of them in a blank.
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
	w := tree.Writer{Indent: true}
	w.Value(value, depth)
	return w.Out
}
