package rollout

// Reads says what a round has to read before it can decide.
type Reads struct {
	Operation bool // poll the running operation
	Instances bool
	Model     bool
	Settings  bool // the Secret with the script's protected settings
	Claim     bool // whether an older rollout has the scale set
}

// Any says whether there is anything to read.
func (r Reads) Any() bool { return r.Operation || r.Instances || r.Model || r.Settings || r.Claim }

// Look says what to read next, given what this round has read so far. The shell calls it until there is nothing more. Reads that
// were made, well or badly, are not asked for again, so it ends. It never asks for what the decision does not need:
// while an operation is not due, nothing; while it runs, nothing but the poll. Where both are needed, instances
// are to be read before the model, so that the model is the guard over the list.
func Look(spec Spec, obs Observation) Reads {
	reads := look(spec, obs)
	return Reads{
		Operation: reads.Operation && obs.Operation.State == NotRead,
		Instances: reads.Instances && obs.Instances.State == NotRead,
		Model:     reads.Model && obs.Model.State == NotRead,
		Settings:  reads.Settings && obs.Settings.State == NotRead,
		Claim:     reads.Claim && obs.Claim.State == NotRead,
	}
}

func look(spec Spec, obs Observation) Reads {
	r := &round{spec: spec, at: obs.At, obs: obs, memory: obs.Memory.clone()}
	startRun(r)
	op := r.memory.Operation
	switch {
	case op.notDue(r):
		return Reads{}
	case op.pollable(r) && !r.isOver():
		return Reads{Operation: true}
	case op == nil && obs.Claim.Value.Holder != "":
		return Reads{} // somebody else's scale set is not even looked at
	case op == nil && r.memory.Completed && spec.wholly(r.memory):
		return Reads{Model: true, Instances: obs.Model.State == Read && !r.isAsSettled()}
	}
	return Reads{Instances: true, Model: true, Claim: true, Settings: needsSettings(spec, r.memory)}
}

// isOver says whether this round learnt that the running operation is over.
func (r *round) isOver() bool {
	return r.obs.Operation.State == Read && r.obs.Operation.Value.State != OperationRunning
}

// needsSettings says whether the script extension may have to be written with protected settings.
func needsSettings(spec Spec, m Memory) bool {
	return spec.Target.Script != nil && spec.Target.Script.ProtectedSettings != "" && !m.ScriptWritten
}

// isAsSettled says whether the model still is the one the run completed with.
func (r *round) isAsSettled() bool {
	model := r.obs.Model.Value
	return r.memory.SettledETag != "" && model.ETag == r.memory.SettledETag && model.Capacity == r.memory.SettledSize
}
