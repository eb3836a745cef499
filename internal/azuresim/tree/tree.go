// Package tree reads, walks, merges and writes JSON bodies in the order and the layout that Azure has.
package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Object is a JSON object as clients sent it. Trees of objects are never
// changed once they are stored: writers make new ones, so readers may share.
type Object = map[string]any

// Members is a JSON object whose order we choose; members whose value is nil
// are left out.
type Members []Member

// Compact is a value written on one line, as Azure does with network profiles.
type Compact struct{ Value any }

// Drawing is a value that writes itself, at a depth of the tree.
type Drawing func(w *Writer, depth int)

// RawJSON is a value that was written before; it has no line breaks.
type RawJSON []byte

// ParseObject reads one JSON object, keeping numbers as they were written.
func ParseObject(body []byte) (Object, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff")) // a mark that some clients begin with
	if IsTooDeep(body) {
		return nil, fmt.Errorf("decoding a JSON object: the depth of %d has been exceeded", Deepest)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var o Object
	if err := decoder.Decode(&o); err != nil {
		return nil, fmt.Errorf("decoding a JSON object: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("decoding a JSON object: more follows it")
	}
	return o, nil
}

// ToJSON writes a tree the way ARM does: two spaces a level, lines ending in \r\n.
func ToJSON(value any) []byte {
	w := Writer{Indent: true}
	w.Value(value, 0)
	return w.Out
}

// ToCompactJSON writes a tree on one line.
func ToCompactJSON(value any) []byte {
	w := Writer{}
	w.Value(value, 0)
	return w.Out
}

// Writer writes trees as JSON.
type Writer struct {
	Out    []byte
	Indent bool
}

// Value writes a value at a depth of the tree.
func (w *Writer) Value(value any, depth int) {
	switch v := value.(type) {
	case nil:
		w.Out = append(w.Out, "null"...)
	case string:
		w.string(v)
	case bool:
		w.Out = strconv.AppendBool(w.Out, v)
	case int:
		w.Out = strconv.AppendInt(w.Out, int64(v), 10)
	case json.Number:
		w.Out = append(w.Out, v...)
	case RawJSON:
		w.Out = append(w.Out, v...)
	default:
		w.container(value, depth)
	}
}

func (w *Writer) container(value any, depth int) {
	switch v := value.(type) {
	case Compact:
		was := w.Indent
		w.Indent = false
		w.Value(v.Value, depth)
		w.Indent = was
	case Drawing:
		v(w, depth)
	case Members:
		w.members(v, depth)
	case Object:
		w.object(v, depth)
	case []any:
		w.array(len(v), func(i int) any { return v[i] }, depth)
	case []Members:
		w.array(len(v), func(i int) any { return v[i] }, depth)
	case []Drawing:
		w.array(len(v), func(i int) any { return v[i] }, depth)
	case []string:
		w.array(len(v), func(i int) any { return v[i] }, depth)
	default:
		w.other(value)
	}
}

// other writes a value that is not of the simulator's own types, through the standard library; a value that cannot be written becomes null.
func (w *Writer) other(value any) {
	written, err := json.Marshal(value)
	if err != nil {
		written = []byte("null")
	}
	w.Out = append(w.Out, written...)
}

func (w *Writer) members(list Members, depth int) {
	w.Out = append(w.Out, '{')
	first := true
	for _, m := range list {
		if m[1] == nil {
			continue
		}
		w.separate(&first, depth+1)
		w.name(m.Name())
		w.Value(m[1], depth+1)
	}
	w.end(first, '}', depth)
}

func (w *Writer) object(o Object, depth int) {
	w.Out = append(w.Out, '{')
	first := true
	for _, name := range slices.Sorted(maps.Keys(o)) {
		w.separate(&first, depth+1)
		w.name(name)
		w.Value(o[name], depth+1)
	}
	w.end(first, '}', depth)
}

func (w *Writer) array(n int, at func(int) any, depth int) {
	w.Out = append(w.Out, '[')
	first := true
	for i := range n {
		w.separate(&first, depth+1)
		w.Value(at(i), depth+1)
	}
	w.end(first, ']', depth)
}

func (w *Writer) separate(first *bool, depth int) {
	if !*first {
		w.Out = append(w.Out, ',')
	}
	*first = false
	w.line(depth)
}

func (w *Writer) end(empty bool, closing byte, depth int) {
	if !empty {
		w.line(depth)
	}
	w.Out = append(w.Out, closing)
}

func (w *Writer) line(depth int) {
	if !w.Indent {
		return
	}
	w.Out = append(w.Out, '\r', '\n')
	for range depth {
		w.Out = append(w.Out, ' ', ' ')
	}
}

func (w *Writer) name(name string) {
	w.string(name)
	w.Out = append(w.Out, ':')
	if w.Indent {
		w.Out = append(w.Out, ' ')
	}
}

func (w *Writer) string(s string) {
	if plainString(s) {
		w.Out = append(w.Out, '"')
		w.Out = append(w.Out, s...)
		w.Out = append(w.Out, '"')
		return
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false) // ARM writes links with a plain &
	if err := encoder.Encode(s); err != nil {
		w.Out = append(w.Out, `""`...)
		return
	}
	w.Out = append(w.Out, bytes.TrimRight(quoted.Bytes(), "\n")...)
}

// plainString reports whether a string needs no escapes.
func plainString(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// At walks down a tree; it is nil where the path leads nowhere.
func At(tree any, path ...string) any {
	for _, name := range path {
		o, isObject := tree.(Object)
		if !isObject {
			return nil
		}
		tree = o[name]
	}
	return tree
}

// ObjectAt is the object at a path, or nil.
func ObjectAt(tree any, path ...string) Object {
	o, _ := At(tree, path...).(Object)
	return o
}

// StringAt is the string at a path, or empty.
func StringAt(tree any, path ...string) string {
	s, _ := At(tree, path...).(string)
	return s
}

// BoolAt is the boolean at a path, or false.
func BoolAt(tree any, path ...string) bool {
	b, _ := At(tree, path...).(bool)
	return b
}

// ArrayAt is the array at a path, or nil.
func ArrayAt(tree any, path ...string) []any {
	a, _ := At(tree, path...).([]any)
	return a
}

// IntAt is the whole number at a path; ok is false where there is none.
func IntAt(tree any, path ...string) (n int, ok bool) {
	switch v := At(tree, path...).(type) {
	case json.Number:
		n, err := strconv.Atoi(v.String())
		return n, err == nil
	case int:
		return v, true
	}
	return 0, false
}

// Without is a copy of an object that lacks some members.
func Without(o Object, names ...string) Object {
	if o == nil {
		return nil
	}
	c := maps.Clone(o)
	for _, name := range names {
		delete(c, name)
	}
	return c
}

// With is a copy of an object that has one member more, or another value.
func With(o Object, name string, value any) Object {
	c := maps.Clone(o)
	if c == nil {
		c = Object{}
	}
	c[name] = value
	return c
}

// Member is a name and its value.
type Member [2]any

// Name is the member's name.
func (m Member) Name() string {
	name, _ := m[0].(string)
	return name
}

// Text is the value of a member as a string; empty where it is none.
func (m Members) Text(i int) string {
	s, _ := m[i][1].(string)
	return s
}
