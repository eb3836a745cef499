package control

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// request is one request of the control endpoint.
type request struct {
	method, path string
	about        string
	handle       func([]byte, *http.Request) (any, error)
}

// requests are all requests, in the order in which the index lists them.
func (s *Endpoint) requests() []request {
	return []request{
		{"PUT", "/images", "register an image with its files, or a newer marketplace version", s.controlImage},
		{"PUT", "/applications", "register a version of a gallery application with its files and commands", registerApplication(s)},
		{"PUT", "/scalesets", "make a scale set whose instances run at once", s.controlScaleSet},
		{"POST", "/scale", "set the capacity, as autoscale does", s.controlScale},
		{"POST", "/health", "set what an instance reports of its health", s.controlHealth},
		{"POST", "/repair", "replace an instance, as automatic repairs do", s.controlRepair},
		{"POST", "/extensions", "begin to upgrade extensions, as Azure does by itself", s.controlExtensions},
		{"POST", "/evict", "evict a Spot instance, as Azure does when it needs the room", evict(s)},
		{"POST", "/attach", "attach a virtual machine to a Flexible set that did not make it", s.controlAttach},
		{"POST", "/model", "edit the model as another writer", s.controlModel},
		{"GET", "/model", "show the model with what ARM never shows: ?scaleSet=ID", s.controlHeldModel},
		{"GET", "/faults", "show the faults, and how often each matched and struck", s.controlHits},
		{"PUT", "/faults", "replace the list of faults", s.controlFaults},
		{"DELETE", "/faults", "remove all faults", s.controlNoFaults},
		{"PUT", "/throttle", "choose which requests come too often", s.controlThrottle},
		{"DELETE", "/throttle", "refuse no request for coming too often", s.controlNoThrottle},
		{"GET", "/calls", "list the ARM calls so far: ?since=SEQ", s.controlCalls},
		{"DELETE", "/calls", "forget the calls", s.controlNoCalls},
		{"GET", "/unsimulated", "list the ARM calls about what is not simulated", s.controlUnsimulated},
		{"GET", "/instances", "show what really happened to each instance: ?scaleSet=ID", s.controlInstances},
		{"POST", "/loadbalancers", "open a load balancer over the instances of a scale set", s.controlLoadBalancer},
		{"GET", "/listeners", "show where rules and NAT of load balancers listen", s.controlListeners},
		{"PUT", "/metrics", "set what a metric measures", s.controlMetrics},
		{"DELETE", "/metrics", "measure the usual values again", s.controlNoMetrics},
		{"POST", "/clock", "advance a manual clock, or set the rate of the wall clock", s.ControlClock},
		{"GET", "/switches", "show the choices of behaviour that is not known of Azure", s.controlShowSwitches},
		{"PUT", "/switches", "choose such behaviour", s.controlSwitches},
	}
}

// Handler serves the control endpoint, by which tests and demos set up the simulator and look inside (docs/simulator.md). Every client that
// reaches it may do anything, so it is never on the same listener as ARM.
func (s *Endpoint) Handler() http.Handler {
	mux, methods := http.NewServeMux(), map[string][]string{}
	for _, r := range s.requests() {
		mux.Handle(r.method+" "+r.path, s.controlled(r.handle))
		methods[r.path] = append(methods[r.path], r.method)
	}
	for path, allowed := range methods {
		mux.Handle(path, refusedMethod(allowed))
	}
	mux.HandleFunc("GET /{$}", s.index)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeControl(w, nil, &controlError{http.StatusNotFound, fmt.Sprintf("%s %s is no request; GET / lists all", r.Method, r.URL.Path)})
	})
	return mux
}

// refusedMethod answers other methods of a path than those that it has.
func refusedMethod(allowed []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeControl(w, nil, &controlError{http.StatusMethodNotAllowed,
			fmt.Sprintf("%s takes %s, not %s", r.URL.Path, strings.Join(allowed, " and "), r.Method)})
	})
}

// index lists the requests, and what a fault can be about.
func (s *Endpoint) index(w http.ResponseWriter, _ *http.Request) {
	type entry struct {
		Request string `json:"request"`
		About   string `json:"about"`
	}
	var list []entry
	for _, r := range s.requests() {
		list = append(list, entry{r.method + " " + r.path, r.about})
	}
	writeControl(w, map[string]any{"requests": list, "operations": s.Operations, "manual": "docs/simulator.md"}, nil)
}
