package network

import (
	"cmp"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// probeChain is one running probe of a load balancer: every interval it asks each instance behind the rules that use it.
type probeChain struct {
	guest.Probe
	interval time.Duration
	up, down int  // answers in a row that let an instance serve, and that stop it
	letsAll  bool // while none answers
	tls      bool // which no instance supports

	seen map[*vmss.Instance]*probed
}

// probed is the result of the probes of an instance.
type probed struct {
	lets   bool
	streak int // answers in a row that say otherwise
}

// newProbeChain reads a probe. Azure asks an instance once before it lets it serve. probeThreshold, where it is given, counts for both
// directions.
func newProbeChain(child any) *probeChain {
	number := func(name string, otherwise int) int {
		n, ok := tree.IntAt(child, "properties", name)
		if !ok || n < 1 {
			return otherwise
		}
		return n
	}
	threshold := number("probeThreshold", 0)
	c := &probeChain{
		Probe: guest.Probe{Port: number("port", 0)}, interval: time.Duration(number("intervalInSeconds", 15)) * time.Second,
		up: cmp.Or(threshold, 1), down: cmp.Or(threshold, number("numberOfProbes", 2)),
		letsAll: strings.EqualFold(tree.StringAt(child, "properties", "noHealthyBackendsBehavior"), "AllProbedUp"),
		seen:    map[*vmss.Instance]*probed{},
	}
	protocol := strings.ToLower(tree.StringAt(child, "properties", "protocol"))
	c.tls = protocol == "https"
	if protocol == "http" || c.tls {
		c.Path = "/" + strings.TrimPrefix(tree.StringAt(child, "properties", "requestPath"), "/")
	}
	return c
}

// same reports whether another probe asks the same in the same way.
func (c *probeChain) same(other *probeChain) bool {
	return c.Probe == other.Probe && c.interval == other.interval && c.up == other.up && c.down == other.down &&
		c.letsAll == other.letsAll && c.tls == other.tls
}

// followProbes begins the probes that are new or changed, and ends removed ones. A probe that stays keeps its results.
func (s *dataPath) followProbes(res *Resource) {
	chains := map[string]*probeChain{}
	for _, child := range children(res.Path.Applied, Probes) {
		name := strings.ToLower(tree.StringAt(child, "name"))
		chain := newProbeChain(child)
		if before := res.Path.chains[name]; before != nil && before.same(chain) {
			chain = before
		} else {
			s.After(chain.interval, func() { s.probeRound(res, name, chain) })
		}
		chains[name] = chain
	}
	res.Path.chains = chains
	for name, chain := range chains { // instances that start to serve because of this write are asked before
		for _, m := range s.probedInstances(res, name) {
			chain.lets(s, m)
		}
	}
}

// probeRound asks every instance once, and plans the next round.
func (s *dataPath) probeRound(res *Resource, name string, chain *probeChain) {
	if res.Path.chains[name] != chain {
		return
	}
	still := map[*vmss.Instance]*probed{}
	for _, m := range s.probedInstances(res, name) {
		chain.ask(s, m)
		still[m] = chain.seen[m]
	}
	chain.seen = still
	s.After(chain.interval, func() { s.probeRound(res, name, chain) })
}

// probedInstances are those behind the rules that use a probe.
func (s *dataPath) probedInstances(res *Resource, name string) []*vmss.Instance {
	var list []*vmss.Instance
	seen := map[*vmss.Instance]bool{}
	for _, rule := range children(res.Path.Applied, Rules) {
		if !strings.EqualFold(tree.StringAt(rule, "properties", "probe", "id"), res.childKey(Probes, name)) {
			continue
		}
		o, _ := rule.(tree.Object)
		for _, m := range s.ruleMembers(res, o) {
			if !seen[m] {
				seen[m] = true
				list = append(list, m)
			}
		}
	}
	return list
}

// lets reports whether an instance may serve. An instance that was never asked is asked now: its first answer decides, unless more are
// needed (docs/azure.md §2.10).
func (c *probeChain) lets(s *dataPath, m *vmss.Instance) bool {
	if c.seen[m] == nil {
		c.seen[m] = &probed{}
		if s.Switches.ProbeVerdict == "threshold" {
			c.ask(s, m)
		} else {
			c.seen[m].lets = c.answers(s, m)
		}
	}
	return c.seen[m].lets
}

// ask records one answer. As many equal answers in a row as the probe asks for change the result.
func (c *probeChain) ask(s *dataPath, m *vmss.Instance) {
	known := c.seen[m]
	if known == nil {
		c.lets(s, m)
		return
	}
	if c.answers(s, m) == known.lets {
		known.streak = 0
		return
	}
	known.streak++
	needed := c.up
	if known.lets {
		needed = c.down
	}
	if known.streak >= needed || s.Switches.ProbeVerdict == "each" {
		known.lets, known.streak = !known.lets, 0
	}
}

// answers asks the instance. If no fleet runs instances, an instance that is on and not unhealthy answers.
func (c *probeChain) answers(s *dataPath, m *vmss.Instance) bool {
	if m.Power != vmss.Running || c.tls {
		return false
	}
	if fleet, ok := s.Fleet.(guest.Networking); ok {
		return fleet.Answers(m.Key(), c.Probe)
	}
	return m.Health != vmss.Unhealthy
}

// probeOf returns the probe that a rule uses; nil: none.
func (res *Resource) probeOf(rule tree.Object) *probeChain {
	id := tree.StringAt(rule, "properties", "probe", "id")
	return res.Path.chains[strings.TrimPrefix(strings.ToLower(id), strings.ToLower(res.key+"/"+Probes+"/"))]
}
