package rollout

import (
	"slices"
	"strings"
)

// The fingerprint is the part of the model that the target declares. What is not declared is neither compared nor written.

// imageMatches says whether the model carries the declared image. No declared image is always matched.
func imageMatches(t Target, m Model) bool {
	return t.Image == nil || t.Image.same(m.Image)
}

// same compares references as Azure does: resource ids, publishers, offers and SKUs without regard to case.
func (i Image) same(o Image) bool {
	return strings.EqualFold(i.ID, o.ID) &&
		strings.EqualFold(i.SharedGalleryID, o.SharedGalleryID) &&
		strings.EqualFold(i.CommunityGalleryID, o.CommunityGalleryID) &&
		strings.EqualFold(i.Publisher, o.Publisher) &&
		strings.EqualFold(i.Offer, o.Offer) &&
		strings.EqualFold(i.SKU, o.SKU) &&
		strings.EqualFold(i.Version, o.Version)
}

// scriptMatches says whether the model carries the declared script, as far as the model can be read: protected settings cannot.
// Without a revision tag the force-update tag is not ours to compare.
func scriptMatches(t Target, m Model) bool {
	switch {
	case t.NoScript:
		return m.Script == nil
	case t.Script == nil:
		return true
	case m.Script == nil:
		return false
	case t.Script.ForceUpdateTag != nil && *t.Script.ForceUpdateTag != m.Script.ForceUpdateTag:
		return false
	}
	return slices.Equal(t.Script.URIs, m.Script.URIs) &&
		t.Script.Command == m.Script.Command &&
		(t.RevisionTag == "" || t.RevisionTag == m.Script.ForceUpdateTag)
}

// carries says whether the model is the target's in all declared paths.
func carries(t Target, m Model, scriptWritten bool) bool {
	return imageMatches(t, m) && scriptSettled(t, m, scriptWritten)
}

// scriptSettled is scriptMatches, except that protected settings cannot be compared: they are right only if this run wrote them. On the way
// back the same holds for what a write may have displaced.
func scriptSettled(t Target, m Model, scriptWritten bool) bool {
	if t.Script == nil || scriptWritten {
		return scriptMatches(t, m)
	}
	displaced := t.Script.Handler != "" && m.Script != nil && t.Script.Handler != m.Script.Handler
	return t.Script.ProtectedSettings == "" && !displaced && scriptMatches(t, m)
}

// contradicts says whether what the instance shows cannot be if it has the target. What it does not show contradicts nothing.
func contradicts(t Target, i Instance) bool {
	if t.Image != nil && i.Disk.Image != nil && !t.Image.same(*i.Disk.Image) {
		return true
	}
	if t.NoScript && (i.Script == ScriptRunning || i.Script == ScriptSucceeded || i.Script == ScriptFailed) {
		return true
	}
	return t.Script != nil && (i.Script == ScriptAbsent || i.Script == ScriptFailed)
}
