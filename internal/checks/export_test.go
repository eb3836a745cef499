package checks

// IdempotencyKey is what a call is told by.
var IdempotencyKey = idempotencyKey

// Scheduled is how many series wait for their time.
func Scheduled(r *Runner) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.agenda)
}
