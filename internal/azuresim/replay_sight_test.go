package azuresim_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The world that a recording begins with is rebuilt from the earliest read of each scale set and each instance, wherever in the
// cassette that is, before the first of them is used. Such a read is a seed and is not judged, unless something was written before:
// then what it shows of that is rewound, the write is replayed, and the read is judged like any other.

// sight is a read of a resource.
type sight struct {
	at      *exchange
	body    any
	rewound bool // something was written before
}

// origin is the earliest that a cassette shows of a scale set.
type origin struct {
	set       *sight // nil: it is never read as it was before the first write
	instances []sight
	named     []int // instances that paths name
	listed    bool  // the instances are all there were
	surplus   []int // instances of which only network interfaces are seen
	written   bool
}

// seed makes the simulator hold the resources that exist before an exchange, if there are none yet. It reports whether they were taken from
// this exchange.
func (p *player) seed(e *exchange, t target) bool {
	if t.kind == allSets && e.Status == http.StatusOK {
		for _, body := range listAt(p.recorded(e).body, "value") {
			p.begin(textAt(body, "id"))
		}
	}
	// A resource that an exchange created or refused did not exist before.
	if t.set != "" && e.Status != http.StatusCreated && e.Status < http.StatusBadRequest {
		p.begin(setID(e.Path, t))
	}
	return p.sources[e]
}

// begin makes a scale set with its instances as a cassette begins with them.
func (p *player) begin(id string) {
	t := readTarget(id)
	if p.seen[t.setKey()] {
		return
	}
	p.seen[t.setKey()] = true
	o := p.originOf(t)
	body := p.bodyOf(id, t, o)
	if o.set != nil && capacityOf(body) == 0 { // exchanges that are replayed make all its instances
		o.instances, o.named = nil, nil
	}
	if err := p.sim.SeedScaleSet(p.encode(body), o.ids(capacityOf(body))); err != nil {
		p.t.Fatalf("seeding %s: %v", id, err)
	}
	for _, s := range o.instances {
		p.seedInstance(id, s)
	}
	for _, number := range o.surplus {
		if err := p.sim.SeedSurplus(id, number); err != nil {
			p.t.Fatalf("seeding %s: %v", id, err)
		}
	}
	for _, after := range p.movesOf(o, t) {
		if err := p.sim.SeedMove(id, after); err != nil {
			p.t.Fatalf("seeding %s: %v", id, err)
		}
	}
}

func (p *player) originOf(t target) origin {
	var o origin
	for _, e := range p.tape.exchanges {
		other := readTarget(e.Path)
		switch {
		case other.kind == allSets && e.Status == http.StatusOK:
			o.seeSet(e, inList(p.recorded(e).body, t))
		case other.kind == outside || other.setKey() != t.setKey():
		case e.Method != http.MethodGet:
			o.written = o.written || e.Status < http.StatusBadRequest
			o.name(other)
		case e.Status == http.StatusOK:
			o.name(other)
			o.see(e, other, p.recorded(e).body)
		}
	}
	return o
}

// inList is the scale set of a target in a list of them; nil: it isn't there.
func inList(list any, t target) any {
	for _, body := range listAt(list, "value") {
		if readTarget(textAt(body, "id")).setKey() == t.setKey() {
			return body
		}
	}
	return nil
}

func (o *origin) name(t target) {
	if id, err := strconv.Atoi(t.vm); err == nil && !slices.Contains(o.named, id) {
		o.named = append(o.named, id)
	}
}

func (o *origin) seeSet(e *exchange, body any) {
	if o.set == nil && !o.written && body != nil {
		o.set = &sight{at: e, body: body}
	}
}

func (o *origin) see(e *exchange, t target, body any) {
	switch {
	case t.kind == oneSet:
		o.seeSet(e, body)
	case t.kind == belowSet && t.rest == "networkinterfaces":
		o.seeInterfaces(body)
	case o.listed: // instances that appear later were made by replayed exchanges
	case t.kind == oneVM:
		o.seeInstance(e, body)
	case t.kind == allVMs && strings.Contains(e.Query, "$select"): // there is too little to see
		for _, instance := range listAt(body, "value") {
			o.name(readTarget(textAt(instance, "id")))
		}
	case t.kind == allVMs:
		list := listAt(body, "value")
		for _, instance := range list {
			o.seeInstance(e, instance)
		}
		o.listed = len(list) > 0
	}
}

// seeInterfaces notes the instances whose network interfaces are listed. Those that no list of instances has are surplus.
func (o *origin) seeInterfaces(body any) {
	for _, nic := range listAt(body, "value") {
		t := readTarget(textAt(nic, "properties", "virtualMachine", "id"))
		if id, err := strconv.Atoi(t.vm); err == nil {
			o.surplus = append(o.surplus, id)
		}
	}
}

func (o *origin) seeInstance(e *exchange, body any) {
	for _, s := range o.instances {
		if textAt(s.body, "instanceId") == textAt(body, "instanceId") {
			return
		}
	}
	o.instances = append(o.instances, sight{at: e, body: body, rewound: o.written})
}

// ids are the numbers of the instances that there are: those that were listed, or those that are named, and as many others as the
// scale set should have.
func (o *origin) ids(capacity int) []int {
	var ids []int
	for _, s := range o.instances {
		if n, err := strconv.Atoi(textAt(s.body, "instanceId")); err == nil {
			ids = append(ids, n)
		}
	}
	if !o.listed {
		ids = append(ids, o.named...)
		for n := 0; len(ids) < capacity; n++ {
			ids = append(ids, n)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// bodyOf returns the body of a scale set in the beginning. For some sets a recording shows only actions on them, so their bodies are made
// up.
func (p *player) bodyOf(id string, t target, o origin) tree {
	if o.set != nil {
		p.sources[o.set.at] = true
		return treeAt(o.set.body)
	}
	var first any
	if len(o.instances) > 0 {
		first = o.instances[0].body
	}
	body := standIn(id, p.location(), max(defaultCapacity, len(o.named), len(o.instances)), first)
	for _, e := range p.tape.exchanges {
		if other := readTarget(e.Path); other.rest == "setorchestrationservicestate" && other.setKey() == t.setKey() {
			treeAt(body, "properties")["automaticRepairsPolicy"] = tree{"enabled": true, "gracePeriod": "PT30M"}
		}
	}
	return body
}

// faultDomains are those of instances where a recording does not show them and its outcome depends on them: scale-in took instance 1 of
// 0, 1, 4, 5 and 6 (lines 33 and 38), which by the documented order is the newest one of the fullest fault domain.
var faultDomains = map[string]map[string]int{
	"azure-cli-2025-02__test_vmss_create_and_modify": {"0": 0, "1": 0, "4": 1, "5": 2, "6": 3},
	"azure-cli-2025-02__test_vmss_simulate_eviction": {"2": 0}, // line 17 shows it, and it was not seen before
}

// seedInstance makes an instance as it was in the beginning. An instance that is rewound had its scale set's model, and no operation was at
// work on it. Writes do not change its other fields.
func (p *player) seedInstance(setID string, s sight) {
	body, own := treeAt(s.body), []byte(nil)
	switch {
	case s.rewound:
		properties := without(treeAt(body, "properties"), "protectionPolicy")
		if properties == nil { // a Flexible set's list shows none
			properties = tree{}
		}
		properties["latestModelApplied"], properties["provisioningState"] = true, "Succeeded"
		body = without(body, "properties")
		body["properties"] = properties
	case at(body, "properties", "latestModelApplied") == false:
		own = p.encode(profileOf(body))
		fallthrough
	default:
		p.sources[s.at] = true
	}
	if fault, known := faultDomains[p.tape.name][textAt(body, "instanceId")]; known {
		body = without(body)
		body["faultDomain"] = fault
	}
	if err := p.sim.SeedInstance(setID, p.encode(body), own, p.unsettledFor(s)); err != nil {
		p.t.Fatalf("%s: seeding instance %s: %v", s.at, textAt(body, "instanceId"), err)
	}
}

// aWhile is how long a state goes on that no later exchange shows.
const aWhile = time.Minute

// unsettledFor is how long after the beginning an instance is in transition, if it is: until it is seen settled.
func (p *player) unsettledFor(s sight) time.Duration {
	id := textAt(s.body, "id")
	for _, e := range p.tape.exchanges[s.at.line:] {
		if state := p.stateIn(e, id); state == "succeeded" || state == "failed" {
			return p.moment(e).Sub(p.clock.Now())
		}
	}
	return aWhile
}

// stateIn is the provisioning state that an exchange shows of an instance, in lower case; empty: none.
func (p *player) stateIn(e *exchange, id string) string {
	t, sought := readTarget(e.Path), readTarget(id)
	if e.Status != http.StatusOK || t.setKey() != sought.setKey() || t.vm != "" && t.vmKey() != sought.vmKey() {
		return ""
	}
	body := p.recorded(e).body
	switch {
	case t.kind == oneVM:
		return strings.ToLower(textAt(body, "properties", "provisioningState"))
	case t.kind == belowVM && t.rest == "instanceview":
		return stateCode(listAt(body, "statuses"))
	case t.kind == belowSet && t.rest == "instanceview":
		if summary := listAt(body, "virtualMachine", "statusesSummary"); len(summary) == 1 { // all are in that state
			return stateCode(summary)
		}
	case t.kind == allVMs:
		for _, instance := range listAt(body, "value") {
			if readTarget(textAt(instance, "id")).vmKey() == sought.vmKey() {
				return strings.ToLower(textAt(instance, "properties", "provisioningState"))
			}
		}
	}
	return ""
}

// stateCode is the provisioning state among statuses.
func stateCode(statuses []any) string {
	for _, status := range statuses {
		if state, found := strings.CutPrefix(strings.ToLower(textAt(status, "code")), "provisioningstate/"); found {
			return state
		}
	}
	return ""
}

// location is where the cassette's operations are.
func (p *player) location() string {
	for _, e := range p.tape.exchanges {
		if parts := strings.Split(e.Path, "/"); readTarget(e.Path).kind == anOperation {
			return parts[len(parts)-3]
		}
	}
	return "westus"
}

func (p *player) encode(body any) []byte {
	data, err := json.Marshal(body)
	if err != nil {
		p.t.Fatalf("writing a body: %v", err)
	}
	return data
}

var imageID = regexp.MustCompile(`(?i)/subscriptions/[^"]*/(images|versions)/[^"/]+`)

// imagesIn are the ids of images in a request.
func imagesIn(body []byte) []string { return imageID.FindAllString(string(body), -1) }
