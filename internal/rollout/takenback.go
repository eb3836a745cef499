package rollout

// TakenBack is the revision that was rolled back or aborted last. The object keeps it beside its status, so that it is still known where
// the status was lost. The zero value: none.
type TakenBack struct {
	Kind     ReturnKind
	Revision string
}

// TakenBack is what the object is to keep beside its status.
func (m Memory) TakenBack() TakenBack {
	if !m.isBack() {
		return TakenBack{}
	}
	return TakenBack{Kind: m.Return.Kind, Revision: m.Revision}
}

// standTakenBack lets the first run stand where it stood when its status was lost: a revision that was taken back is not rolled out again
// by itself.
func (r *round) standTakenBack() {
	if back := r.obs.TakenBack; r.memory.Run == 1 && back.Revision == r.memory.Revision {
		r.memory.Return = &Return{Kind: back.Kind, Cause: CauseRecorded, Why: "the status of that run was lost", At: r.at, Done: true}
	}
}
