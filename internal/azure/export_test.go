package azure

import (
	"context"
	"time"
)

// SetWait replaces how time passes between polls.
func (a *Adapter) SetWait(wait func(context.Context, time.Duration) error) { a.wait = wait }
