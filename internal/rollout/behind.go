package rollout

import "slices"

// noteVerified remembers instances that leave their batch verified. Any change of the model clears Azure's flag on them, so that it alone
// does not tell who has the target.
func (m *State) noteVerified(refs []Ref) {
	if m.Rollback.Current != nil {
		return
	}
	for _, ref := range refs {
		if at, found := slices.BinarySearchFunc(m.Ledger.Verified, ref.ID, compareIDs); !found {
			m.Ledger.Verified = slices.Insert(m.Ledger.Verified, at, ref.ID)
		}
	}
}

// isBehind reports that the instance has the target, since this run verified that and nothing contradicts it, and is not at the latest
// model: other parts of the model were changed since, by somebody else's release.
func (m State) isBehind(t Target, i Instance) bool {
	if m.Rollback.Current != nil || i.Latest != False || contradicts(t, i) {
		return false
	}
	_, verified := slices.BinarySearchFunc(m.Ledger.Verified, i.ID, compareIDs)
	return verified
}

// reportBehind says which instances other parts of the model left behind, where they are reported and not rolled.
func (r *round) reportBehind(d *Decision) {
	isKnown := r.obs.Instances.State == Read && r.obs.Model.State == Read
	if !isKnown || d.Report.Facts.Drifted != "" || r.memory.Rollback.Current != nil || r.memory.Run.Completed || r.spec.Drift.RollOther {
		return
	}
	if behind := r.count().behind; len(behind) > 0 {
		d.Report.Facts.Drifted = otherParts(behind)
	}
}

// otherParts says that other parts of the model drifted.
func otherParts(behind []Instance) string {
	return "other parts of the model: " + names(behind, Instance.Ref) + " behind"
}
