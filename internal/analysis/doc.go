// Package analysis is where what a rollout declares about checks and hooks meets those who measure and call. It makes probes and calls of
// the declarations, keeps exactly those under way that the core wants, and tells what became of them in the core's words. It decides
// nothing.
package analysis
