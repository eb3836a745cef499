package arm

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
)

// Route is one operation of the API.
type Route struct {
	Method  string
	Pattern []string // lower-case segments; {name} takes any
	Name    string   // short name, for faults and the call log
	Action  string   // that a client must be allowed; empty: any client with a token
	Kind    CallKind
	Bucket  ratelimit.Policy
	Public  bool // needs no token
	Foreign bool // another provider answers, though the path may be the compute provider's
	Handle  func(*Request) (*Response, *Error)
}

// CallKind is the kind of a call in the control endpoint's log; nothing else depends on it.
type CallKind string

// Kinds of calls.
const (
	KindRead  CallKind = "read"
	KindWrite CallKind = "write"
	KindPoll  CallKind = "poll"
)

// Short names that the simulator itself refers to.
const (
	OpUpdateInstances = "UpdateInstances"
	OpUpdate          = "Update"
	OpCreateOrUpdate  = "CreateOrUpdate"
	OpListVMs         = "VMs.List"

	OpListVirtualMachines    = "VirtualMachines.List"
	OpListAllVirtualMachines = "VirtualMachines.ListAll"
)

// Where resources are.
const (
	SubscriptionPath    = "subscriptions/{sub}"
	ComputePath         = SubscriptionPath + "/providers/microsoft.compute"
	GroupPath           = SubscriptionPath + "/resourcegroups/{group}"
	SetsPath            = GroupPath + "/providers/microsoft.compute/virtualmachinescalesets"
	SetPath             = SetsPath + "/{set}"
	InstancePath        = SetPath + "/virtualmachines/{vm}"
	VirtualMachinesPath = GroupPath + "/providers/microsoft.compute/virtualmachines"
	VirtualMachinePath  = VirtualMachinesPath + "/{vm}"
)

// Actions as role definitions name them (docs/azure.md §2.8).
const (
	SetAction      = "Microsoft.Compute/virtualMachineScaleSets/"
	InstanceAction = SetAction + "virtualMachines/"
)

// NewRoute is one operation of the API, read or write by its method.
func NewRoute(method, pattern, name, action string, bucket ratelimit.Policy, handle func(*Request) (*Response, *Error)) *Route {
	r := &Route{
		Method: method, Pattern: Segments(strings.ToLower(pattern)), Name: name, Action: action,
		Kind: KindWrite, Bucket: bucket, Handle: handle,
	}
	if method == http.MethodGet || method == http.MethodHead {
		r.Kind = KindRead
	}
	return r
}

// RouteTable are the operations of all providers, by method.
type RouteTable map[string][]*Route

// NewRouteTable is the table of some lists of operations.
func NewRouteTable(lists ...[]*Route) RouteTable {
	table := RouteTable{}
	for _, list := range lists {
		for _, r := range list {
			table[r.Method] = append(table[r.Method], r)
		}
	}
	return table
}

// Names are the short names of the operations, sorted.
func (t RouteTable) Names() []string {
	names := map[string]bool{}
	for _, list := range t {
		for _, r := range list {
			names[r.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Find is the route of a call, with what its path says.
func (t RouteTable) Find(method, path string) (*Route, map[string]string) {
	parts := Segments(path)
	for _, r := range t[method] {
		if args, ok := r.match(parts); ok {
			return r, args
		}
	}
	return nil, nil
}

func (r *Route) match(parts []string) (map[string]string, bool) {
	if len(parts) != len(r.Pattern) {
		return nil, false
	}
	for i, p := range r.Pattern {
		if p[0] != '{' && !strings.EqualFold(p, parts[i]) {
			return nil, false
		}
	}
	args := map[string]string{}
	for i, p := range r.Pattern {
		if p[0] == '{' {
			args[p[1:len(p)-1]] = parts[i]
		}
	}
	return args, true
}
