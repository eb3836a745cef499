package azuresim

import (
	"net/http"
	"slices"
	"strings"
)

// machines are those of Flexible sets in a subscription, or of one of them.
func (s *compute) machines(subscription, wanted string) []*instance {
	var all []*instance
	for _, set := range s.sortedSets() {
		if set.isFlexible() && strings.EqualFold(set.subscription, subscription) && matches(wanted, set.id()) {
			all = append(all, set.instances...)
		}
	}
	return all
}

// locate finds the scale set of a machine whose path does not say it.
func (s *compute) locate(r *request) {
	if r.route == nil || r.args["vm"] == "" || r.args["set"] != "" {
		return
	}
	if inst := s.findMachine(r); inst != nil {
		r.machineSet = inst.set.key
	}
}

// findMachine is the machine of a Flexible set that a path names without the scale set; nil: there is none.
func (s *compute) findMachine(r *request) *instance {
	var found *instance
	for _, inst := range s.machines(r.args["sub"], "") {
		if strings.EqualFold(inst.set.group, r.args["group"]) && strings.EqualFold(inst.name(), r.args["vm"]) {
			found = inst
		}
	}
	return found
}

// findSet is the scale set that a path names.
func (s *compute) findSet(r *request) (*scaleSet, *armError) {
	id := r.setID()
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	set := s.sets[id.key()]
	if set == nil {
		return nil, r.missing(id)
	}
	return set, nil
}

func (s *compute) sortedSets() []*scaleSet {
	list := make([]*scaleSet, 0, len(s.sets))
	for _, set := range s.sets {
		list = append(list, set)
	}
	slices.SortFunc(list, func(a, b *scaleSet) int { return strings.Compare(a.key, b.key) })
	return list
}

func (set *scaleSet) checkWritable() *armError {
	if set.deleting {
		return markedForDeletion(set.name)
	}
	return nil
}

// checkModelChange refuses a write of the model that cannot be taken now, whichever resource it came through.
func (set *scaleSet) checkModelChange(c change) *armError {
	s := set.server
	if c.model == set.model {
		return nil
	}
	if err := set.refuseEleventh(c.model); err != nil {
		return err
	}
	if err := s.checkAttachments(set.id(), c.model); err != nil {
		return err
	}
	if s.switches.WriteDuringUpgrade == "conflict" && len(set.upgrading()) > 0 {
		return s.conflict()
	}
	return nil
}

// findVM is the instance that a path names.
func (s *compute) findVM(r *request) (*instance, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	if !set.isRef(r.args["vm"]) {
		err := instanceNotNumber("instanceId")
		err.charged = r.method == http.MethodGet
		return nil, err
	}
	inst := set.find(r.args["vm"])
	if inst == nil {
		return nil, refuse(http.StatusNotFound, "NotFound", "The entity was not found in this Azure location.")
	}
	return inst, nil
}

func (s *compute) moveEtag(key string) {
	if set := s.sets[key]; set != nil {
		set.etag++
	}
}

// place is where a scale set is and whether it is a Flexible one; ok is false where there is none.
func (s *compute) place(key string) (location string, flexible, ok bool) {
	set := s.sets[key]
	if set == nil {
		return "", false, false
	}
	return set.location, set.isFlexible(), true
}

// queuedIn is how many machines of a subscription are being worked on in a region.
func (s *compute) queuedIn(region string) int {
	n := 0
	for _, set := range s.sets {
		if strings.ToLower(set.subscription)+" "+normalLocation(set.location) != region {
			continue
		}
		for _, op := range set.operations {
			n += op.open
		}
	}
	return n
}
