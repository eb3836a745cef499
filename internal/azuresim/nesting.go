package azuresim

// deepest is how many objects and arrays may lie in each other. No model of Azure comes near; what is deeper costs more to write,
// with its indentation, than any answer should.
const deepest = 64

// isTooDeep says whether JSON is nested deeper than that. It need not be JSON.
func isTooDeep(text []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth > deepest {
			return true
		}
	}
	return false
}
