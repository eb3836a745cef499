package azuresim

import (
	"net/http"
	"strings"
)

// route is one operation of the API.
type route struct {
	method  string
	pattern []string // lower-case segments; {name} takes any
	name    string   // short name, for faults and the call log
	action  string   // that a client must be allowed; empty: any client with a token
	kind    callKind
	bucket  bucketPolicy
	public  bool // needs no token
	foreign bool // another provider answers, though the path may be the compute provider's
	handle  func(*request) (*response, *armError)
}

// callKind says what a call costs who polls: nothing hangs on it but the log.
type callKind string

const (
	kindRead  callKind = "read"
	kindWrite callKind = "write"
	kindPoll  callKind = "poll"
)

// Short names that the simulator itself refers to.
const (
	opUpdateInstances = "UpdateInstances"
	opUpdate          = "Update"
	opCreateOrUpdate  = "CreateOrUpdate"
	opListVMs         = "VMs.List"
)

const (
	inSubscription = "subscriptions/{sub}"
	inCompute      = inSubscription + "/providers/microsoft.compute"
	inGroup        = inSubscription + "/resourcegroups/{group}"
	inSets         = inGroup + "/providers/microsoft.compute/virtualmachinescalesets"
	inSet          = inSets + "/{set}"
	inVM           = inSet + "/virtualmachines/{vm}"
	inMachine      = inGroup + "/providers/microsoft.compute/virtualmachines/{vm}"
)

// Actions as role definitions name them (azure-facts §2.8).
const (
	setAction = "Microsoft.Compute/virtualMachineScaleSets/"
	vmAction  = setAction + "virtualMachines/"
)

func entry(method, pattern, name, action string, bucket bucketPolicy, handle func(*request) (*response, *armError)) *route {
	r := &route{
		method: method, pattern: segments(strings.ToLower(pattern)), name: name, action: action,
		kind: kindWrite, bucket: bucket, handle: handle,
	}
	if method == http.MethodGet || method == http.MethodHead {
		r.kind = kindRead
	}
	return r
}

// routeTable are the operations of all providers, by method.
type routeTable map[string][]*route

func newRouteTable(lists ...[]*route) routeTable {
	table := routeTable{}
	for _, list := range lists {
		for _, r := range list {
			table[r.method] = append(table[r.method], r)
		}
	}
	return table
}

// find is the route of a call, with what its path says.
func (t routeTable) find(method, path string) (*route, map[string]string) {
	parts := segments(path)
	for _, r := range t[method] {
		if args, ok := r.match(parts); ok {
			return r, args
		}
	}
	return nil, nil
}

func (r *route) match(parts []string) (map[string]string, bool) {
	if len(parts) != len(r.pattern) {
		return nil, false
	}
	for i, p := range r.pattern {
		if p[0] != '{' && !strings.EqualFold(p, parts[i]) {
			return nil, false
		}
	}
	args := map[string]string{}
	for i, p := range r.pattern {
		if p[0] == '{' {
			args[p[1:len(p)-1]] = parts[i]
		}
	}
	return args, true
}
