package revisions

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// How much of a rollout's name the name of its ControllerRevision begins with. The rest of the 253 characters is for the mark, the revision
// and hyphens.
const (
	maxPrefix       = 220
	maxFormerPrefix = 230 // in former versions of the controller, which left out the mark
)

// Name returns the name of the ControllerRevision that holds a revision. It carries a mark of the rollout's UID, so that no revision of a
// former object of the same name, or of another object whose name begins alike, is in the way.
func Name(object *v1alpha1.VMSSRollout, revision string) string {
	mark := sha256.Sum256([]byte(object.UID))
	return beginningOf(object.Name, maxPrefix) + "-" + hex.EncodeToString(mark[:5]) + "-" + revision
}

// formerName is the name that former versions of the controller gave it.
func formerName(object *v1alpha1.VMSSRollout, revision string) string {
	return beginningOf(object.Name, maxFormerPrefix) + "-" + revision
}

// beginningOf is as much of a name as another one can begin with.
func beginningOf(name string, most int) string {
	if len(name) <= most {
		return name
	}
	return strings.TrimRight(name[:most], "-.")
}

// Of returns the revision that a ControllerRevision's name, or the revision's own, stands for.
func Of(object *v1alpha1.VMSSRollout, name string) string {
	if revision, found := strings.CutPrefix(name, Name(object, "")); found {
		return revision
	}
	return strings.TrimPrefix(name, formerName(object, ""))
}
