package azuresim_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// listSuffix makes a scale set's key that of the list of its instances.
const listSuffix = "*"

// seed makes the simulator hold what an exchange shows, where it is the first
// sight of a resource; it says whether that was so.
func (p *player) seed(e *exchange, t target) bool {
	if e.Method != http.MethodGet || e.Status != http.StatusOK || t.kind == anOperation {
		p.makeUp(e, t)
		return false
	}
	body := p.recorded(e).body
	switch {
	case t.kind == allSets:
		return p.seedSets(listAt(body, "value"))
	case t.kind == oneSet:
		return p.seedSets([]any{body})
	case t.kind == allVMs && !strings.Contains(e.Query, "$select"): // with it there is too little to see
		return p.seedList(e, t, listAt(body, "value"))
	case t.kind == oneVM:
		return p.seedOne(e, t, body)
	}
	p.makeUp(e, t)
	return false
}

// makeUp makes a scale set that is about to be written to, or looked at in
// part, and that nobody has seen yet; it is there in the recording, too, so
// what is recorded of it is neither its creation nor a refusal.
func (p *player) makeUp(e *exchange, t target) {
	if t.set == "" || p.seen[t.setKey()] || e.Status == http.StatusCreated || e.Status >= http.StatusBadRequest {
		return
	}
	p.seen[t.setKey()] = true
	body := standIn(setID(e.Path, t), p.location(), max(defaultCapacity, len(p.idsOf(t))), nil)
	if t.rest == "setorchestrationservicestate" {
		treeAt(body, "properties")["automaticRepairsPolicy"] = tree{"enabled": true, "gracePeriod": "PT30M"}
	}
	p.seedSet(body)
}

func (p *player) seedSets(sets []any) bool {
	first := false
	for _, body := range sets {
		key := readTarget(textAt(body, "id")).setKey()
		if p.seen[key] {
			continue
		}
		first, p.seen[key] = true, true
		p.seedSet(treeAt(body))
	}
	return first
}

func (p *player) seedSet(body tree) {
	id := textAt(body, "id")
	if err := p.sim.SeedScaleSet(p.encode(body), p.idsOf(readTarget(id))); err != nil {
		p.t.Fatalf("seeding %s: %v", id, err)
	}
}

func (p *player) seedList(e *exchange, t target, list []any) bool {
	if p.seen[t.setKey()+listSuffix] {
		return false
	}
	p.seen[t.setKey()+listSuffix] = true
	if len(list) == 0 {
		return false
	}
	p.known(e, t, list)
	for _, instance := range list {
		p.seedInstance(e, t, instance)
	}
	if err := p.sim.KeepInstances(setID(e.Path, t), numbers(list)); err != nil {
		p.t.Fatalf("%s: %v", e, err)
	}
	return true
}

func (p *player) seedOne(e *exchange, t target, instance any) bool {
	if p.seen[t.setKey()+listSuffix] || p.seen[t.vmKey()] {
		return false
	}
	p.known(e, t, []any{instance})
	p.seedInstance(e, t, instance)
	return true
}

// known makes up a scale set that only its instances have been seen of; a
// later sight of it says what it really is.
func (p *player) known(e *exchange, t target, list []any) {
	if p.seen[t.setKey()] {
		return
	}
	body := standIn(setID(e.Path, t), textAt(list[0], "location"), len(list), list)
	if err := p.sim.SeedScaleSet(p.encode(body), numbers(list)); err != nil {
		p.t.Fatalf("%s: %v", e, err)
	}
}

func (p *player) seedInstance(e *exchange, t target, instance any) {
	t.vm = textAt(instance, "instanceId")
	p.seen[t.vmKey()] = true
	if err := p.sim.SeedInstance(setID(e.Path, t), p.encode(instance), p.encode(profileOf(instance))); err != nil {
		p.t.Fatalf("%s: seeding instance %s: %v", e, t.vm, err)
	}
}

// idsOf are the instances that the rest of the cassette is about: those of the
// first list, or those that are named.
func (p *player) idsOf(t target) []int {
	var ids []int
	for _, e := range p.tape.exchanges {
		other := readTarget(e.Path)
		if other.kind == outside || other.setKey() != t.setKey() {
			continue
		}
		if list := listAt(p.recorded(e).body, "value"); other.kind == allVMs && len(list) > 0 {
			return numbers(list)
		}
		if id, err := strconv.Atoi(other.vm); err == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
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
