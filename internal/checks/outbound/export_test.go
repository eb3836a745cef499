package outbound

import (
	"flag"
	"net/http"
)

// Network is the Dial of the real world.
var Network = network

// An allow-list is a flag of the manager.
var _ flag.Value = (*AllowList)(nil)

// HasProxy reports whether a guarded client would ask for a proxy. The environment is read once a process, so a test cannot set it.
func HasProxy(c *http.Client) bool { return c.Transport.(*guard).transport.Proxy != nil }

// Busy is how many endpoints are remembered.
func Busy(c *Client) int {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	return len(c.limiter.busy)
}
