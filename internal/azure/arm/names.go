package arm

import "regexp"

var segment = regexp.MustCompile(`^[^/\\?#%\s]*[^/\\?#%\s.][^/\\?#%\s]*$`)

// IsName reports whether a text may stand for a name in a path. ARM allows fewer names; this only keeps a name from being read as anything
// but a name.
func IsName(text string) bool { return segment.MatchString(text) }
