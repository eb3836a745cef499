package azuresim

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

// object is a JSON object as clients sent it. Trees of objects are never
// changed once they are stored: writers make new ones, so readers may share.
type object = map[string]any

// members is a JSON object whose order we choose; members whose value is nil
// are left out.
type members []member

// compact is a value written on one line, as Azure does with network profiles.
type compact struct{ value any }

// drawing is a value that writes itself, at a depth of the tree.
type drawing func(w *jsonWriter, depth int)

// rawJSON is a value that was written before; it has no line breaks.
type rawJSON []byte

// parseObject reads one JSON object, keeping numbers as they were written.
func parseObject(body []byte) (object, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff")) // a mark that some clients begin with
	if isTooDeep(body) {
		return nil, fmt.Errorf("decoding a JSON object: the depth of %d has been exceeded", deepest)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var o object
	if err := decoder.Decode(&o); err != nil {
		return nil, fmt.Errorf("decoding a JSON object: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("decoding a JSON object: more follows it")
	}
	return o, nil
}

// toJSON writes a tree the way ARM does: two spaces a level, lines ending in \r\n.
func toJSON(value any) []byte {
	w := jsonWriter{indent: true}
	w.value(value, 0)
	return w.out
}

// toCompactJSON writes a tree on one line.
func toCompactJSON(value any) []byte {
	w := jsonWriter{}
	w.value(value, 0)
	return w.out
}

type jsonWriter struct {
	out    []byte
	indent bool
}

func (w *jsonWriter) value(value any, depth int) {
	switch v := value.(type) {
	case nil:
		w.out = append(w.out, "null"...)
	case string:
		w.string(v)
	case bool:
		w.out = strconv.AppendBool(w.out, v)
	case int:
		w.out = strconv.AppendInt(w.out, int64(v), 10)
	case json.Number:
		w.out = append(w.out, v...)
	case rawJSON:
		w.out = append(w.out, v...)
	default:
		w.container(value, depth)
	}
}

func (w *jsonWriter) container(value any, depth int) {
	switch v := value.(type) {
	case compact:
		was := w.indent
		w.indent = false
		w.value(v.value, depth)
		w.indent = was
	case drawing:
		v(w, depth)
	case members:
		w.members(v, depth)
	case object:
		w.object(v, depth)
	case []any:
		w.array(len(v), func(i int) any { return v[i] }, depth)
	case []members:
		w.array(len(v), func(i int) any { return v[i] }, depth)
	case []drawing:
		w.array(len(v), func(i int) any { return v[i] }, depth)
	case []string:
		w.array(len(v), func(i int) any { return v[i] }, depth)
	default:
		w.other(value)
	}
}

// other writes what the simulator's own types are not among, through the
// standard library; a value that cannot be written becomes null.
func (w *jsonWriter) other(value any) {
	written, err := json.Marshal(value)
	if err != nil {
		written = []byte("null")
	}
	w.out = append(w.out, written...)
}

func (w *jsonWriter) members(list members, depth int) {
	w.out = append(w.out, '{')
	first := true
	for _, m := range list {
		if m[1] == nil {
			continue
		}
		w.separate(&first, depth+1)
		w.name(m.name())
		w.value(m[1], depth+1)
	}
	w.end(first, '}', depth)
}

func (w *jsonWriter) object(o object, depth int) {
	w.out = append(w.out, '{')
	first := true
	for _, name := range slices.Sorted(maps.Keys(o)) {
		w.separate(&first, depth+1)
		w.name(name)
		w.value(o[name], depth+1)
	}
	w.end(first, '}', depth)
}

func (w *jsonWriter) array(n int, at func(int) any, depth int) {
	w.out = append(w.out, '[')
	first := true
	for i := range n {
		w.separate(&first, depth+1)
		w.value(at(i), depth+1)
	}
	w.end(first, ']', depth)
}

func (w *jsonWriter) separate(first *bool, depth int) {
	if !*first {
		w.out = append(w.out, ',')
	}
	*first = false
	w.line(depth)
}

func (w *jsonWriter) end(empty bool, closing byte, depth int) {
	if !empty {
		w.line(depth)
	}
	w.out = append(w.out, closing)
}

func (w *jsonWriter) line(depth int) {
	if !w.indent {
		return
	}
	w.out = append(w.out, '\r', '\n')
	for range depth {
		w.out = append(w.out, ' ', ' ')
	}
}

func (w *jsonWriter) name(name string) {
	w.string(name)
	w.out = append(w.out, ':')
	if w.indent {
		w.out = append(w.out, ' ')
	}
}

func (w *jsonWriter) string(s string) {
	if plainString(s) {
		w.out = append(w.out, '"')
		w.out = append(w.out, s...)
		w.out = append(w.out, '"')
		return
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false) // ARM writes links with a plain &
	if err := encoder.Encode(s); err != nil {
		w.out = append(w.out, `""`...)
		return
	}
	w.out = append(w.out, bytes.TrimRight(quoted.Bytes(), "\n")...)
}

// plainString says whether a string needs no escapes.
func plainString(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// at walks down a tree; it is nil where the path leads nowhere.
func at(tree any, path ...string) any {
	for _, name := range path {
		o, isObject := tree.(object)
		if !isObject {
			return nil
		}
		tree = o[name]
	}
	return tree
}

// objectAt is the object at a path, or nil.
func objectAt(tree any, path ...string) object {
	o, _ := at(tree, path...).(object)
	return o
}

// stringAt is the string at a path, or empty.
func stringAt(tree any, path ...string) string {
	s, _ := at(tree, path...).(string)
	return s
}

// boolAt is the boolean at a path, or false.
func boolAt(tree any, path ...string) bool {
	b, _ := at(tree, path...).(bool)
	return b
}

// arrayAt is the array at a path, or nil.
func arrayAt(tree any, path ...string) []any {
	a, _ := at(tree, path...).([]any)
	return a
}

// intAt is the whole number at a path; ok is false where there is none.
func intAt(tree any, path ...string) (n int, ok bool) {
	switch v := at(tree, path...).(type) {
	case json.Number:
		n, err := strconv.Atoi(v.String())
		return n, err == nil
	case int:
		return v, true
	}
	return 0, false
}

// without is a copy of an object that lacks some members.
func without(o object, names ...string) object {
	if o == nil {
		return nil
	}
	c := maps.Clone(o)
	for _, name := range names {
		delete(c, name)
	}
	return c
}

// with is a copy of an object that has one member more, or another value.
func with(o object, name string, value any) object {
	c := maps.Clone(o)
	if c == nil {
		c = object{}
	}
	c[name] = value
	return c
}

// member is a name and its value.
type member [2]any

func (m member) name() string {
	name, _ := m[0].(string)
	return name
}

// text is the value of a member as a string; empty where it is none.
func (m members) text(i int) string {
	s, _ := m[i][1].(string)
	return s
}
