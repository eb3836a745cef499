// Package outbound is the only way by which the manager calls addresses that a tenant named: the guarded HTTP client of checks and hooks.
//
// The author of a rollout chooses the URL, and the manager stands in a better place in the network than the author does. So every address
// is judged after its name was resolved and right before the connection is made to that very address; private ranges are reached only where
// the operator listed them with their ports; redirects and proxies are not followed; time, size and concurrency are bounded. An error never
// holds a byte of the answer, and of the request only host and port: both may be secret, and errors end in status.
package outbound
