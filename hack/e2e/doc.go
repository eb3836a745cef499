// Package e2e tests the whole with real processes: the manager as it ships, the Azure simulator, etcd, kube-apiserver and kubectl, all on
// loopback. It tests what no single package can: that the manager may die at any moment, that a person who makes a mistake gets the command
// that fixes it, and that kubectl shows what it should.
//
// Run it with `make test-e2e`. Everything it starts ends with it, by process id.
package e2e
