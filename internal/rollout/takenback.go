package rollout

// standTakenBack lets the first run stand where it stood when its status was lost: a revision that was taken back is not rolled out again
// by itself.
func (r *round) standTakenBack() {
	if back := r.obs.Cluster.RolledBack; r.memory.Run.Number == 1 && back.Revision == r.memory.Run.Revision {
		r.memory.Rollback.Current = &Rollback{
			Kind:      back.Kind,
			Cause:     CauseRecorded,
			Message:   "the status of that run was lost",
			StartedAt: r.at,
			Done:      true,
		}
	}
}
