package azuresim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// What the replay check needs beyond the API: to make the simulator hold what
// a recording shows of a world that was there before the recording began.

// SetDurations says how long what begins from now on takes; what has begun stays as it is.
func (s *Server) SetDurations(d Durations) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.durations = d.withDefaults()
}

// SeedScaleSet makes a scale set be what a recorded body shows. Its instances
// stay; where there are none it gets as many as it should have, numbered by
// ids as far as these go.
func (s *Server) SeedScaleSet(body []byte, ids []int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	full, err := parseObject(body)
	if err != nil {
		return err
	}
	id, err := parseSetID(stringAt(full, "id"))
	if err != nil {
		return err
	}
	full = withDefaults(full, object{"properties": object{"orchestrationMode": uniform}}) // old versions do not show it
	c := s.split(nil, cleaned(full))
	set := s.sets[id.key()]
	if set == nil {
		set = s.create(id, c)
		set.creating = false
	} else {
		set.doc = c.doc
		s.remodel(set, c.model)
	}
	for i := len(set.instances); i < set.capacity(); i++ {
		number := set.nextID
		if i < len(ids) {
			number = ids[i]
		}
		s.plant(set, number)
	}
	return nil
}

// remodel gives a set another model, and those instances that had the latest one.
func (s *Server) remodel(set *scaleSet, m *model) {
	was := set.model
	set.adopt(m, s.now)
	for _, inst := range set.instances {
		if inst.model == was {
			inst.model = m
		}
	}
}

// plant makes an instance that runs since before anybody looked.
func (s *Server) plant(set *scaleSet, id int) *instance {
	if inst := set.instance(id); inst != nil {
		return inst
	}
	born := s.now.Add(time.Duration(set.fresh)*time.Minute - 24*time.Hour) // each by itself
	inst := &instance{
		set: set, id: id, zone: set.emptiestZone(countZones(set.instances)), fault: id % faultDomains, vmID: s.guid(), disk: s.guid(), etag: 1,
		born: born, attached: born.UnixNano(), exact: s.exactVersion(set.model.image()), booted: set.model,
		state: state{model: set.model, since: s.now.UnixNano(), provisioning: succeeded, power: running, health: healthy},
	}
	set.fresh++
	set.nextID = max(set.nextID, id+1)
	set.instances = append(set.instances, inst)
	slices.SortFunc(set.instances, func(a, b *instance) int { return a.id - b.id })
	return inst
}

// SeedInstance makes an instance of a scale set be what a recorded body shows.
// profile is what its own model is, where that isn't the latest.
func (s *Server) SeedInstance(setID string, body, profile []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	shown, err := parseObject(body)
	if err != nil {
		return err
	}
	set, number, err := s.seededSet(setID, stringAt(shown, "instanceId"))
	if err != nil {
		return err
	}
	inst := s.plant(set, number)
	inst.resemble(shown)
	inst.state = state{model: set.model, since: s.now.UnixNano(), provisioning: succeeded, power: running, health: healthy}
	if !boolAt(shown, "properties", "latestModelApplied") {
		own, err := parseObject(profile)
		if err != nil {
			return err
		}
		inst.model = newModel(own, stringAt(shown, "sku", "name"))
	}
	if set.id()+"/virtualMachines/"+strconv.Itoa(number) != stringAt(shown, "id") {
		set.upperCase = true
	}
	s.unsettle(inst, stringAt(shown, "properties", "provisioningState"))
	return nil
}

func (s *Server) seededSet(setID, instanceID string) (*scaleSet, int, error) {
	id, err := parseSetID(setID)
	if err != nil {
		return nil, 0, err
	}
	set := s.sets[id.key()]
	if set == nil {
		return nil, 0, fmt.Errorf("there is no scale set %s", setID)
	}
	number, err := strconv.Atoi(instanceID)
	if err != nil {
		return nil, 0, fmt.Errorf("an instance cannot have the id %q: %w", instanceID, err)
	}
	return set, number, nil
}

// resemble takes over what is an instance's own, not its model's.
func (inst *instance) resemble(shown object) {
	properties := objectAt(shown, "properties")
	if id, err := uuid.Parse(stringAt(properties, "vmId")); err == nil {
		inst.vmID = id
	}
	inst.exact = stringAt(properties, "storageProfile", "imageReference", "exactVersion")
	disk := stringAt(properties, "storageProfile", "osDisk", "name")
	if id, err := uuid.Parse(disk[strings.LastIndex(disk, "_")+1:]); err == nil {
		inst.disk = id
	}
	inst.zone = ""
	if zones := arrayAt(shown, "zones"); len(zones) > 0 {
		inst.zone, _ = zones[0].(string)
	}
	if policy := objectAt(properties, "protectionPolicy"); policy != nil {
		inst.hasProtection = true
		inst.protectScaleIn, inst.protectActions = boolAt(policy, "protectFromScaleIn"), boolAt(policy, "protectFromScaleSetActions")
	}
	inst.tags = objectAt(shown, "tags")
}

// unsettle lets an instance that was recorded in transition be so for a while.
func (s *Server) unsettle(inst *instance, shown string) {
	for _, p := range []provisioning{creating, updating, failed, deleting} {
		if p.String() == shown {
			inst.provisioning = p
		}
	}
	if inst.provisioning == updating || inst.provisioning == creating {
		s.after(time.Minute, func() {
			if inst.task == nil {
				inst.change(s.now, func(st *state) { st.provisioning = succeeded })
			}
		})
	}
}

// KeepInstances forgets all instances of a scale set but some.
func (s *Server) KeepInstances(setID string, ids []int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := parseSetID(setID)
	if err != nil {
		return err
	}
	if set := s.sets[id.key()]; set != nil {
		set.surplus = nil
		set.instances = slices.DeleteFunc(set.instances, func(inst *instance) bool { return !slices.Contains(ids, inst.id) })
	}
	return nil
}
