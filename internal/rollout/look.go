package rollout

// Reads says what a round has to read before it can decide.
type Reads struct {
	Operation      bool // poll the running operation
	Instances      bool
	Model          bool
	RollingUpgrade bool // whether Azure carries out a rolling upgrade
	Ownership      bool // whether another rollout owns the scale set

	Settings         string // name of the Secret with the script's protected settings; "": none
	BaselineSettings string // name of the Secret that a rollback needs; "": none
	Revision         string // name of a stored revision; "": none
	Instance         string // id of an instance that the list lacks, to be read by it; "": none
}

// Any says whether there is anything to read.
func (r Reads) Any() bool { return r != (Reads{}) }

// Look says what to read next, given what this round has read so far. The shell calls it until there is nothing more. Reads that
// were made, well or badly, are not asked for again, so it ends. It never asks for what the decision does not need:
// while an operation is not due, nothing; while it runs, nothing but the poll. Where both are needed, instances
// are to be read before the model, so that the model is the guard over the list.
func Look(spec Spec, obs Observation) Reads {
	r := newRound(spec, obs)
	for _, a := range obs.Actions {
		if _, read := obs.Cluster.Revisions[a.Revision]; a.Verb == VerbRollback && a.Revision != "" && !read {
			return Reads{Revision: a.Revision}
		}
	}
	if _, decided := r.run(prelude); decided {
		return Reads{Model: spec.Deletion != DeletionNone && r.memory.RepairsSuspended && obs.Model.State == NotRead && r.mayRead()}
	}
	if !r.mayRead() {
		return Reads{}
	}
	return r.unread(r.look())
}

// unread leaves of what is to be read what was not.
func (r *round) unread(reads Reads) Reads {
	obs := r.obs
	reads.Operation = reads.Operation && obs.Operation.State == NotRead
	reads.Instances = reads.Instances && obs.Instances.State == NotRead
	reads.Model = reads.Model && obs.Model.State == NotRead
	reads.RollingUpgrade = reads.RollingUpgrade && obs.RollingUpgrade.State == NotRead
	reads.Ownership = reads.Ownership && obs.Cluster.Ownership.State == NotRead
	if obs.Cluster.Settings.State != NotRead {
		reads.Settings = ""
	}
	if obs.Cluster.BaselineSettings.State != NotRead {
		reads.BaselineSettings = ""
	}
	return reads
}

func (r *round) look() Reads {
	op := r.memory.Operation
	switch {
	case op.notDue(r):
		return Reads{}
	case op.pollable(r) && !r.isOver():
		return Reads{Operation: true}
	case r.isKeptOut():
		return Reads{} // somebody else's scale set is not even looked at
	case op == nil && r.isCompleted() && (r.obs.Model.State != Read || r.isAsSettled()):
		return Reads{Model: true}
	case r.needsListOnly():
		return Reads{Instances: true}
	}
	return Reads{Instances: true, Model: true, RollingUpgrade: r.needsRolling(), Ownership: true, Revision: r.recordToRead(),
		Settings: r.settingsToRead(), BaselineSettings: r.backSecret(),
		Instance: r.instanceToRead()}
}

// recordToRead names the next record that the round needs and has not read: on the way back what to go back to, and before the first
// write what was inherited and what was stored.
func (r *round) recordToRead() string {
	needed := []string{r.memory.inherited(), r.memory.Rollback.Baseline.Revision}
	switch {
	case r.memory.Rollback.Current != nil:
		needed = []string{r.memory.Rollback.Current.Revision}
		if r.memory.Rollback.Current.AllInstances {
			needed = append(needed, r.memory.beforeRun())
		}
	case r.memory.isSettled() && !r.needsScriptName():
		needed = nil
	}
	for _, name := range needed {
		if _, read := r.obs.Cluster.Revisions[name]; name != "" && !read {
			return name
		}
	}
	return ""
}

// settingsToRead names the Secret whose content the script extension may have to be written with.
func (r *round) settingsToRead() string {
	script := r.spec.Target.Script
	if back := r.memory.Rollback.Current; back != nil {
		script = r.obs.Cluster.Revisions[back.Revision].Value.target().Script
	}
	if script == nil || r.memory.Model.ScriptWritten {
		return ""
	}
	return script.ProtectedSettings
}

// isOver says whether this round learnt that the running operation is over.
func (r *round) isOver() bool {
	return r.obs.Operation.State == Read && r.obs.Operation.Value.State != OperationRunning
}

// isAsSettled says whether the model still is the one the run completed with.
func (r *round) isAsSettled() bool {
	model := r.obs.Model.Value
	return r.memory.Model.CompletedETag != "" && model.ETag == r.memory.Model.CompletedETag &&
		max(0, model.Capacity) == r.memory.Model.CompletedCapacity
}
