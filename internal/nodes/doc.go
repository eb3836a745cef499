// Package nodes empties the nodes of this cluster that instances of a scale set are, before the instances are touched, and lets them take
// pods again afterwards.
//
// What is to be done is the core's decision, and so is how long it may take and what it leads to when it does not succeed. A Drainer does
// it beside the reconcile path: Want never waits, and States says how far it is. Pods are evicted by the drain package of kubectl, so that
// what kubectl would refuse is refused here, and disruption budgets are held to. Two rules hold everywhere: pods are evicted, never
// deleted; and a node is uncordoned only where its annotation says that it was this rollout that cordoned it.
//
// The controller's own pod may run on a node that is drained. It is evicted like any other: another replica, or the pod that its Deployment
// makes in its place, becomes the leader and goes on, since what was begun is remembered in the rollout's status and on the node.
package nodes
