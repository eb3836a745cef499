package azuresim

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
