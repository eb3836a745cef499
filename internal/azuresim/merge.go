package azuresim

import (
	"maps"
	"slices"
)

// merged is a tree with a JSON merge patch applied: objects merge, everything
// else is replaced, null removes. Neither argument is changed.
func merged(base, patch object) object {
	out := make(object, len(base)+len(patch))
	for name, value := range base {
		out[name] = value
	}
	for name, value := range patch {
		switch v := value.(type) {
		case nil:
			delete(out, name)
		case object:
			old, _ := out[name].(object)
			out[name] = merged(old, v)
		default:
			out[name] = value
		}
	}
	return out
}

// withDefaults is a tree with what it lacks taken from another.
func withDefaults(tree, defaults object) object {
	out := make(object, len(tree)+len(defaults))
	for name, value := range tree {
		out[name] = value
	}
	for name, value := range defaults {
		have, has := out[name]
		if !has {
			out[name] = value
			continue
		}
		inner, isObject := have.(object)
		defaultInner, wantsObject := value.(object)
		if isObject && wantsObject {
			out[name] = withDefaults(inner, defaultInner)
		}
	}
	return out
}

// ordered lists an object's members: first those named, then the rest by name,
// leaving out some.
func ordered(o object, first []string, leaveOut ...string) members {
	m := make(members, 0, len(o))
	for _, name := range first {
		if slices.Contains(leaveOut, name) {
			continue
		}
		if value, has := o[name]; has {
			m = append(m, member{name, value})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(first, name) && !slices.Contains(leaveOut, name) {
			m = append(m, member{name, o[name]})
		}
	}
	return m
}

// replaced is a tree with another value at a path.
func replaced(tree object, value any, path ...string) object {
	if len(path) == 1 {
		return with(tree, path[0], value)
	}
	return with(tree, path[0], replaced(objectAt(tree, path[0]), value, path[1:]...))
}
