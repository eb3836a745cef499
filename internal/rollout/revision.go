package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// revisionLength is how many hex digits of the digest name a revision: 48 bits tell the few revisions of one rollout apart and
// still fit a column.
const revisionLength = 12

// Revision returns the digest of the target: the same for equal targets, another one for any difference in what is declared.
// The content of a Secret or behind a URI is not declared, so it does not count; RevisionTag is how to say that it changed.
func (t Target) Revision() string {
	// Struct fields encode in order and there are no maps, so equal targets encode equally. Strings and slices of strings
	// always encode; the error branch keeps that claim honest instead of hiding it.
	return digest(t)
}

// Name returns the name by which the snapshot is stored: the digest of its content.
func (s Snapshot) Name() string { return digest(s) }

func digest(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("unencodable: %v", err)
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])[:revisionLength]
}
