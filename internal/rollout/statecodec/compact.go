package statecodec

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// The compact form has two differences from the plain one, because gzip finds what repeats only within 32 KiB, and the lists of 1,000
// instances are longer:
//   - Strings are in one sorted table. In the tree a JSON number is the place of a string in the table, and a JSON string is a number.
//   - A list of two or more objects is one object with a list of values for each field. Its field "" is how many objects there are. A value
//     null stands for a field that the object does not have.

// length is the field of a list of objects that says how many there are. No field of a state has this name.
const length = ""

// table is all strings of a state.
type table struct {
	sorted []string
	at     map[string]int
}

// tableOf returns the table for a tree.
func tableOf(tree any) table {
	found := map[string]int{}
	collect(tree, found)
	t := table{at: found, sorted: make([]string, 0, len(found))}
	for text := range found {
		t.sorted = append(t.sorted, text)
	}
	slices.Sort(t.sorted)
	for n, text := range t.sorted {
		t.at[text] = n
	}
	return t
}

func collect(tree any, found map[string]int) {
	switch v := tree.(type) {
	case string:
		found[v] = 0
	case []any:
		for _, inner := range v {
			collect(inner, found)
		}
	case map[string]any:
		for _, inner := range v {
			collect(inner, found)
		}
	}
}

// compact returns the tree in the compact form.
func (t table) compact(tree any) any {
	switch v := tree.(type) {
	case string:
		return t.at[v]
	case json.Number:
		return v.String()
	case map[string]any:
		out := map[string]any{}
		for name, inner := range v {
			out[name] = t.compact(inner)
		}
		return out
	case []any:
		if columns := columnsOf(v); columns != nil {
			out := map[string]any{length: strconv.Itoa(len(v))}
			for name, column := range columns {
				out[name] = t.compact(column)
			}
			return out
		}
		out := make([]any, len(v))
		for n, inner := range v {
			out[n] = t.compact(inner)
		}
		return out
	default:
		return v
	}
}

// columnsOf returns a list of two or more objects by field, nil for any other list.
func columnsOf(list []any) map[string]any {
	if len(list) < 2 || slices.ContainsFunc(list, func(v any) bool { _, is := v.(map[string]any); return !is }) {
		return nil
	}
	columns := map[string]any{}
	for n, object := range list {
		for name, value := range object.(map[string]any) {
			if columns[name] == nil {
				columns[name] = make([]any, len(list))
			}
			columns[name].([]any)[n] = value
		}
	}
	if len(columns) == 0 {
		return nil
	}
	return columns
}

// errShape is the error for a tree that compact did not make.
var errShape = errors.New("its parts do not fit together")

// expand returns the tree that compact was given.
func expand(tree any, strings []string) (any, error) {
	switch v := tree.(type) {
	case json.Number:
		at, err := strconv.Atoi(v.String())
		if err != nil || at < 0 || at >= len(strings) {
			return nil, fmt.Errorf("string %s of %d: %w", v, len(strings), errShape)
		}
		return strings[at], nil
	case string:
		return json.Number(v), nil
	case []any:
		return expandList(v, strings)
	case map[string]any:
		return expandObject(v, strings)
	default:
		return v, nil
	}
}

func expandList(list []any, strings []string) ([]any, error) {
	out := make([]any, len(list))
	for n, inner := range list {
		var err error
		if out[n], err = expand(inner, strings); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// expandObject returns an object, or the list of objects that it stands for.
func expandObject(object map[string]any, strings []string) (any, error) {
	out := map[string]any{}
	for name, inner := range object {
		var err error
		if out[name], err = expand(inner, strings); err != nil {
			return nil, err
		}
	}
	n, isList := out[length]
	if !isList {
		return out, nil
	}
	delete(out, length)
	return rowsOf(out, n)
}

// rowsOf returns the list of objects that columnsOf was given. Each column has as many values as there are rows, so a short text cannot
// claim a long list.
func rowsOf(columns map[string]any, size any) ([]any, error) {
	var rows []any
	for name, column := range columns {
		values, is := column.([]any)
		if !is || size != json.Number(strconv.Itoa(len(values))) {
			return nil, fmt.Errorf("field %s: %w", name, errShape)
		}
		if rows == nil {
			rows = emptyRows(len(values))
		}
		for n, value := range values {
			if value != nil {
				rows[n].(map[string]any)[name] = value
			}
		}
	}
	if rows == nil {
		return nil, fmt.Errorf("a list of objects without fields: %w", errShape)
	}
	return rows, nil
}

func emptyRows(n int) []any {
	rows := make([]any, n)
	for i := range rows {
		rows[i] = map[string]any{}
	}
	return rows
}
