// Package rollout decides what a progressive rollout of a scale set does next.
//
// It is the pure core: Plan takes what is declared (Spec) and what is known (Observation) and returns one Decision. It does no
// input or output, reads no clock, draws no random number and logs nothing; time is Observation.At. The shells around it read the
// world, persist Decision.Remember, carry out Decision.Step, and come back after Decision.Recheck.
//
// Three rules hold everywhere in this package. Unknown is a value of its own, never zero and never healthy. A machine is counted
// against the budget unless it is known to be well. Whatever cannot be observed again is remembered before it is acted on.
package rollout
