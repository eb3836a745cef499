package azuresim

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// seenInstance is what really happened to a machine.
type seenInstance struct {
	ID         string `json:"id"`
	VMID       string `json:"vmId"`
	Zone       string `json:"zone,omitempty"`
	Model      int    `json:"model"`
	Booted     int    `json:"booted"` // the model that its OS disk was made from
	Latest     bool   `json:"latest"`
	Upgrades   int    `json:"upgrades"`
	Reimages   int    `json:"reimages"`
	ScriptRuns int    `json:"scriptRuns"`
	Commands   int    `json:"commands"` // run commands that began
	State      string `json:"state"`
	Power      string `json:"power"`
	Health     string `json:"health"`
	Address    string `json:"address,omitempty"`
	Deleted    bool   `json:"deleted,omitempty"`
	Surplus    bool   `json:"surplus,omitempty"` // of overprovisioning: never in a list
}

func (s *control) controlInstances(_ []byte, r *http.Request) (any, error) {
	set, err := s.controlSet(r.URL.Query().Get("scaleSet"))
	if err != nil {
		return nil, err
	}
	all := slices.Concat(set.instances, set.surplus, set.gone)
	slices.SortFunc(all, func(a, b *instance) int { return a.id - b.id })
	out := make([]seenInstance, 0, len(all))
	for _, inst := range all {
		out = append(out, inst.seen())
	}
	return out, nil
}

func (inst *instance) seen() seenInstance {
	address := ""
	if inst.address.IsValid() {
		address = inst.address.String()
	}
	reported := inst.health
	if inst.model.health == healthNone {
		reported = healthMissing
	}
	return seenInstance{
		ID: inst.ref(), VMID: inst.vmID.String(), Zone: inst.zone, Model: inst.model.version, Booted: inst.booted.version, Latest: inst.isLatest(),
		Upgrades: inst.upgrades, Reimages: inst.reimages, ScriptRuns: inst.scriptRuns, Commands: inst.commands,
		State: inst.provisioning.String(), Power: inst.power.String(), Health: reported.String(), Address: address, Deleted: inst.deleted, Surplus: inst.surplus,
	}
}

// controlHeldModel returns all that is held of a scale set, with what ARM never shows.
func (s *control) controlHeldModel(_ []byte, r *http.Request) (any, error) {
	set, err := s.controlSet(r.URL.Query().Get("scaleSet"))
	if err != nil {
		return nil, err
	}
	return set.full(), nil
}

// loadBalancing is an ability that a fleet may have beyond running machines.
// Backends are keys of instances; they are asked for at each connection.
type loadBalancing interface {
	OpenLoadBalancer(name string, port int, backends func() []string) (netip.AddrPort, error)
}

func (s *control) controlLoadBalancer(body []byte, _ *http.Request) (any, error) {
	var in struct {
		Name     string `json:"name"`
		ScaleSet string `json:"scaleSet"`
		Port     int    `json:"port"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	set, err := s.controlSet(in.ScaleSet)
	if err != nil {
		return nil, err
	}
	balancing, ok := s.fleet.(loadBalancing)
	if !ok {
		return nil, badControl("there are no machines to balance over: the simulator runs without a fleet")
	}
	key := strings.Clone(set.key)
	address, err := balancing.OpenLoadBalancer(in.Name, in.Port, func() []string { return s.backends(key) })
	if err != nil {
		return nil, fmt.Errorf("opening load balancer %q: %w", in.Name, err)
	}
	return map[string]string{"address": address.String()}, nil
}

// backends are the machines that are up and not known to be unhealthy.
func (s *control) backends(setKey string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	var keys []string
	set := s.sets[setKey]
	if set == nil {
		return nil
	}
	for _, inst := range set.instances {
		if inst.power == running && inst.health != unhealthy {
			keys = append(keys, inst.key())
		}
	}
	return keys
}

// controlDoors tells where clients really come in, which is not at the rule's port where this process may not have that.
func (s *control) controlDoors([]byte, *http.Request) (any, error) {
	out := []shownDoor{}
	for _, name := range slices.Sorted(maps.Keys(s.networks.doors)) {
		d := s.networks.doors[name]
		shown := shownDoor{LoadBalancer: d.balancer, Frontend: d.frontend, Name: d.Name, Port: d.Port}
		if d.err != nil {
			shown.Error = d.err.Error()
		} else {
			shown.Address = d.at.String()
		}
		out = append(out, shown)
	}
	return out, nil
}

// shownDoor is a door as the control endpoint lists it.
type shownDoor struct {
	LoadBalancer string `json:"loadBalancer"`
	Frontend     string `json:"frontend"`
	Name         string `json:"name"`
	Port         int    `json:"port"`
	Address      string `json:"address,omitempty"`
	Error        string `json:"error,omitempty"`
}
