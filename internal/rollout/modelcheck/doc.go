// Package modelcheck visits the states that a rollout and a small world can be in together, and holds every step from one to the next
// against the invariants of docs/invariants.md: for tests, and for nothing else.
//
// A state consists of what the rollout remembers, the declaration, and the world. From each state the search takes every round that the
// controller may run, with every way it may be cut off or answered, and everything that the world and people may do. Nothing is left to
// chance. The search goes by disturbances: first all states that can be reached without any, then all with one, and so on, so what is
// left out when it ends early is only what needs many. Walks by lot go further than that. Configurations that are called whole have a
// budget for each kind of disturbance instead, and every order of what fits into it is gone through to the end.
//
// From every state that is visited the world is held still as well, until the rollout rests: as things are, with every instance well, with
// without a hold, and after a rollback was asked for. Ways that were walked before are not walked again.
package modelcheck
