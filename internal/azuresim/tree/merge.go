package tree

import (
	"maps"
	"slices"
)

// Merged is a tree with a JSON merge patch applied: objects merge, everything
// else is replaced, null removes. Neither argument is changed.
func Merged(base, patch Object) Object {
	out := make(Object, len(base)+len(patch))
	for name, value := range base {
		out[name] = value
	}
	for name, value := range patch {
		switch v := value.(type) {
		case nil:
			delete(out, name)
		case Object:
			old, _ := out[name].(Object)
			out[name] = Merged(old, v)
		default:
			out[name] = value
		}
	}
	return out
}

// WithDefaults returns a tree with the members that it lacks taken from another.
func WithDefaults(tree, defaults Object) Object {
	out := make(Object, len(tree)+len(defaults))
	for name, value := range tree {
		out[name] = value
	}
	for name, value := range defaults {
		have, has := out[name]
		if !has {
			out[name] = value
			continue
		}
		inner, isObject := have.(Object)
		defaultInner, wantsObject := value.(Object)
		if isObject && wantsObject {
			out[name] = WithDefaults(inner, defaultInner)
		}
	}
	return out
}

// Ordered lists an object's members: first those named, then the rest by name,
// leaving out some.
func Ordered(o Object, first []string, leaveOut ...string) Members {
	m := make(Members, 0, len(o))
	for _, name := range first {
		if slices.Contains(leaveOut, name) {
			continue
		}
		if value, has := o[name]; has {
			m = append(m, Member{name, value})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(first, name) && !slices.Contains(leaveOut, name) {
			m = append(m, Member{name, o[name]})
		}
	}
	return m
}

// Replaced is a tree with another value at a path.
func Replaced(tree Object, value any, path ...string) Object {
	if len(path) == 1 {
		return With(tree, path[0], value)
	}
	return With(tree, path[0], Replaced(ObjectAt(tree, path[0]), value, path[1:]...))
}
