// Package azure is the ARM shell: it reads scale sets and their instances, begins the few effects a rollout needs, and polls
// them. It is the only importer of the Azure SDK.
//
// Every method makes exactly the ARM calls it names, once: the SDK's retries are off, since a retried write hides whether the
// first one was applied. RunCommand alone waits for what it began. Every error is a *rollout.Problem whose kind comes from one
// table (errors.go) and whose message went through one filter (redact.go), so that no secret leaves.
package azure
