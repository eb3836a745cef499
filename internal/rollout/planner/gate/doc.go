// Package gate answers whether a round may go on. A gate reads a view and answers with a hold, or with nil. It never writes. Each gate
// has a file of its own; a strategy says which gates stand in its way, and in which order.
package gate

import "github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"

// Gate answers whether a round may go on; nil: it may.
type Gate func(*view.View) *view.Hold
