package control

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// SeenInstance is the real state and history of an instance.
type SeenInstance struct {
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

func (s *Endpoint) controlInstances(_ []byte, r *http.Request) (any, error) {
	set, err := s.controlSet(r.URL.Query().Get("scaleSet"))
	if err != nil {
		return nil, err
	}
	all := slices.Concat(set.Instances, set.Surplus, set.Gone)
	slices.SortFunc(all, func(a, b *vmss.Instance) int { return a.ID - b.ID })
	out := make([]SeenInstance, 0, len(all))
	for _, inst := range all {
		out = append(out, seen(inst))
	}
	return out, nil
}

func seen(inst *vmss.Instance) SeenInstance {
	address := ""
	if inst.Address.IsValid() {
		address = inst.Address.String()
	}
	reported := inst.Health
	if inst.Model.Health == vmprofile.HealthNone {
		reported = vmss.HealthMissing
	}
	return SeenInstance{
		ID: inst.Ref(), VMID: inst.VMID.String(), Zone: inst.Zone, Model: inst.Model.Version, Booted: inst.Booted.Version,
		Latest:   inst.IsLatest(),
		Upgrades: inst.Upgrades, Reimages: inst.Reimages, ScriptRuns: inst.ScriptRuns, Commands: inst.Commands,
		State: inst.Provisioning.String(), Power: inst.Power.String(), Health: reported.String(), Address: address, Deleted: inst.Deleted,
		Surplus: inst.Surplus,
	}
}

// controlHeldModel returns all that is held of a scale set, with what ARM never shows.
func (s *Endpoint) controlHeldModel(_ []byte, r *http.Request) (any, error) {
	set, err := s.controlSet(r.URL.Query().Get("scaleSet"))
	if err != nil {
		return nil, err
	}
	return set.Full(), nil
}

// loadBalancing is an ability that a fleet may have beyond running instances. Backends are keys of instances; they are asked for at each
// connection.
type loadBalancing interface {
	OpenLoadBalancer(name string, port int, backends func() []string) (netip.AddrPort, error)
}

func (s *Endpoint) controlLoadBalancer(body []byte, _ *http.Request) (any, error) {
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
	balancing, ok := s.Fleet.(loadBalancing)
	if !ok {
		return nil, badControl("there are no instances to balance over: the simulator runs without a fleet")
	}
	key := strings.Clone(set.Key)
	address, err := balancing.OpenLoadBalancer(in.Name, in.Port, func() []string { return s.backends(key) })
	if err != nil {
		return nil, fmt.Errorf("opening load balancer %q: %w", in.Name, err)
	}
	return map[string]string{"address": address.String()}, nil
}

// backends returns the instances that are up and not known to be unhealthy.
func (s *Endpoint) backends(setKey string) []string {
	s.Lock()
	defer s.Unlock()
	s.CatchUp()
	var keys []string
	set := s.Sets[setKey]
	if set == nil {
		return nil
	}
	for _, inst := range set.Instances {
		if inst.Power == vmss.Running && inst.Health != vmss.Unhealthy {
			keys = append(keys, inst.Key())
		}
	}
	return keys
}

// controlListeners shows the real addresses for clients. The port is not the rule's if this process may not open that.
func (s *Endpoint) controlListeners([]byte, *http.Request) (any, error) {
	out := []shownListener{}
	for _, name := range slices.Sorted(maps.Keys(s.Networks.Listeners)) {
		d := s.Networks.Listeners[name]
		shown := shownListener{LoadBalancer: d.Balancer, Frontend: d.Frontend, Name: d.Name, Port: d.Port}
		if d.Err != nil {
			shown.Error = d.Err.Error()
		} else {
			shown.Address = d.At.String()
		}
		out = append(out, shown)
	}
	return out, nil
}

// shownListener is a listener as the control endpoint lists it.
type shownListener struct {
	LoadBalancer string `json:"loadBalancer"`
	Frontend     string `json:"frontend"`
	Name         string `json:"name"`
	Port         int    `json:"port"`
	Address      string `json:"address,omitempty"`
	Error        string `json:"error,omitempty"`
}
