package tree

// Deepest is how many objects and arrays may be nested. No model of Azure comes near. Deeper nesting costs more to write, with its
// indentation, than any answer should.
const Deepest = 64

// nesting is by how much a character outside strings changes the depth.
var nesting = [256]int{'{': 1, '[': 1, '}': -1, ']': -1}

// IsTooDeep reports whether JSON is nested deeper than that. The text need not be JSON.
func IsTooDeep(text []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inString = !inString
		case !inString:
			depth += nesting[c]
		case c == '\\':
			i++ // what follows does not end the string
		}
		if depth > Deepest {
			return true
		}
	}
	return false
}
