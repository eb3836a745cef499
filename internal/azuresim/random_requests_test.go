package azuresim

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/compute"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/network"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// allRoutes are those of any simulator.
var allRoutes = New(Options{}).routes

// chance makes up requests for the routes that there are, with members that models have, of any type.
type chance struct{ *rand.Rand }

func pick[T any](c chance, list []T) T { return list[c.IntN(len(list))] }

// request is any method on any route, mostly with names that exist.
func (c chance) request() (method, path, body string) {
	var list []*arm.Route
	for _, name := range slices.Sorted(maps.Keys(allRoutes)) {
		list = append(list, allRoutes[name]...)
	}
	r := pick(c, list)
	method = r.Method
	if c.IntN(20) == 0 {
		method = pick(c, []string{"GET", "PUT", "PATCH", "POST", "DELETE", "HEAD", "OPTIONS", ""})
	}
	for _, part := range r.Pattern {
		if part[0] == '{' {
			part = c.name(part[1 : len(part)-1])
		}
		path += "/" + part
	}
	if body = string(tree.ToCompactJSON(c.object(0))); c.IntN(10) == 0 {
		body = body[:c.IntN(len(body))]
	}
	return method, path, body
}

func (c chance) name(of string) string {
	if c.IntN(10) == 0 {
		return pick(c, []string{"..", "*", "-1", "99999999999999999999", "é", "\x00", "%2F", "a b", strings.Repeat("x", 100)})
	}
	known := map[string][]string{
		"sub": {"11111111-1111-1111-1111-111111111111"}, "group": {"rg", "RG"}, "set": {"web", "web-flex", "new"}, "vm": {"0", "1", "2", "7"},
		"extension": {"CustomScript", "HealthExtension", "x"}, "location": {"eastus"}, "name": {"lb", "ip", "LB", "new"},
		"child": {"front", "blue", "http", "alive", "ssh", "nat.1", "new"}, "nic": {"nic"}, "ipconfig": {"ip"}, "address": {"own"},
	}
	if names := known[of]; names != nil {
		return pick(c, names)
	}
	return "x"
}

// memberNames are all that the shapes of bodies speak of, and those that only actions have.
var memberNames = func() []string {
	seen := map[string]bool{"instanceIds": true, "action": true, "protectionPolicy": true, "protectFromScaleIn": true, "settings": true,
		"protectedSettings": true,
		"commandId":         true, "script": true, "parameters": true}
	for _, part := range vmprofile.Shape {
		for _, name := range part.Path {
			seen[name] = true
		}
	}
	for path := range vmprofile.PartShapes {
		for _, name := range strings.Split(path, ".") {
			seen[strings.Trim(name, "*[]")] = true
		}
	}
	for _, k := range network.ChildKinds {
		seen[k.Name] = true
		for _, ref := range k.Refs {
			seen[ref.Property] = true
		}
	}
	for _, name := range []string{
		"id", "name", "ipAddress", "ipConfiguration", "publicIPAddress", "privateIPAddress", "publicIPAllocationMethod", "protocol", "port",
		"frontendPort", "backendPort", "frontendPortRangeStart", "frontendPortRangeEnd", "intervalInSeconds", "probeThreshold",
		"loadBalancerBackendAddresses", "loadDistribution", "dnsSettings", "domainNameLabel",
	} {
		seen[name] = true
	}
	return slices.Sorted(maps.Keys(seen))
}()

// object follows the path into a model more often than not, to reach its deep parts.
func (c chance) object(depth int) tree.Members {
	var m tree.Members
	for range c.IntN(4) {
		m = append(m, tree.Member{pick(c, memberNames), c.value(depth + 1)})
	}
	way := []string{"properties", "virtualMachineProfile",
		pick(c, []string{"extensionProfile", "storageProfile", "networkProfile", "osProfile"})}
	if depth < len(way) {
		m = append(m, tree.Member{way[depth], c.object(depth + 1)})
	}
	return m
}

func (c chance) value(depth int) any {
	switch c.IntN(8) {
	case 0:
		return tree.RawJSON("null")
	case 1:
		return c.IntN(2) == 0
	case 2:
		return c.IntN(2000) - 500
	case 3:
		return tree.RawJSON("1e99")
	case 4, 5:
		return pick(c, []string{"", "0", "*", compute.ShellCommand, "eastus", "Rolling", "None", "UserAssigned", "Suspend", "PT1M",
			"\u0000\r\n\"", "é"})
	case 6:
		if depth < 5 {
			return []any{c.value(depth + 1), c.object(depth + 1)}
		}
	}
	if depth < 5 {
		return c.object(depth + 1)
	}
	return ""
}

// Whatever comes, in whatever order, each answer is one that clients can read, and a refusal has changed nothing.
func TestRandomRequests(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c := chance{rand.New(rand.NewPCG(seed, 0))}
	var s *sim
	taken := 0
	for i := range 1500 {
		if i%50 == 0 { // by then something may have deleted all there was
			s = newSim(t, Options{})
			s.stageStrange()
		}
		method, path, body := c.request()
		r := httptest.NewRequest("GET", "/?api-version="+pick(c, []string{oldest, arm.EtagVersion, newest, newest, "x"}), strings.NewReader(body))
		r.Method, r.URL.Path = method, path
		r.Header.Set("Authorization", "Bearer x")
		before := s.server.everything()
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)
		checkAnswer(t, r, w)
		if after := s.server.everything(); w.Code >= http.StatusBadRequest && after != before {
			t.Fatalf("%s %s %s was refused with %d, and yet something changed: before\n%s\nafter\n%s", method, path, body, w.Code, before, after)
		}
		if w.Code < http.StatusBadRequest {
			taken++
		}
		s.clock.Advance(time.Duration(c.IntN(30)) * time.Second)
	}
	t.Logf("%d of 1500 were taken", taken)
}
