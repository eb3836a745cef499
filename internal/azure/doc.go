// Package azure is the ARM shell: it reads scale sets and their instances, begins the few effects a rollout needs, and polls
// them. It and the packages below it are the only importers of the Azure SDK.
//
// Every method makes exactly the ARM calls it names, once: the SDK's retries are off, since a retried write hides whether the
// first one was applied. RunCommand alone waits for what it began, and AddressesOf alone remembers what it read. Every error is a
// *rollout.Problem whose kind comes from one table (arm/errors.go) and whose message went through one filter (package message), so
// that no secret leaves.
package azure
