// Package rollout is the data of the core: what a rollout declares, what a round observes, what is remembered, and what is decided.
//
// The core is pure. It does no input or output, reads no clock, draws no random number and logs nothing; time is Observation.At. The
// shell around it reads the scale set, persists Decision.State, carries out Decision.Step, and comes back after Decision.Recheck. The
// decisions are in the package planner and its rooms below.
//
// # Glossary
//
//   - Spec: what the user declares. Target: the release, an image, a script, or both.
//   - Observation: everything that one round knows.
//   - State: what is persisted between rounds, in parts: the run, the stage, the operation, the ledger, timers, pacing, rollback and tasks.
//   - Goal: the specification that a round works towards: the declared one, or in a rollback what was there before.
//   - Strategy: canary or rollback; it leads a run to its goal.
//   - Inventory: the instances, sorted by what they have of the target.
//   - Gate: answers whether a round may go on. Hold: its answer, and what ends a round.
//   - Task: work outside the scale set: a check, a hook, a drain.
//   - Decision: at most one effect (Step), the state to persist, and what the status shows.
//   - Exposed: a target may have touched the instance. Updated: it has the target for certain. Verified: and is healthy.
//
// # Rules
//
// Unknown is a value of its own, never zero and never healthy. An instance is counted against the budget unless it is known to be
// healthy. What cannot be observed again is remembered before it is acted on.
package rollout
