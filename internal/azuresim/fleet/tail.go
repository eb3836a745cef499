package fleet

import "strings"

// tail keeps the last bytes written to it, so that a script can write without end.
type tail struct {
	limit int
	kept  []byte
}

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if n > t.limit {
		p = p[n-t.limit:]
	}
	t.kept = append(t.kept, p...)
	if surplus := len(t.kept) - t.limit; surplus > 0 {
		t.kept = append(t.kept[:0], t.kept[surplus:]...)
	}
	return n, nil
}

// String returns the kept bytes as valid text: the cut may have gone through a character, and scripts may write any bytes.
func (t *tail) String() string { return strings.ToValidUTF8(string(t.kept), "?") }
