package checks

// IdempotencyKey returns the key that identifies a call.
var IdempotencyKey = idempotencyKey

// Remembered is of how many rollouts a dispatcher knows something.
func Remembered(c *HookDispatcher) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.wanted)
}
