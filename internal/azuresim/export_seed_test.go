package azuresim

import (
	"fmt"
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

// SeedScaleSet makes a scale set that is what a recorded body shows, with
// instances of some numbers.
func (s *Server) SeedScaleSet(body []byte, ids []int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	full, err := parseObject(body)
	if err != nil {
		return err
	}
	id, ok := parseSetID(stringAt(full, "id"))
	if !ok {
		return fmt.Errorf("%q is no id of a scale set", stringAt(full, "id"))
	}
	full = withDefaults(full, object{"properties": object{"orchestrationMode": uniform}}) // old versions do not show it
	set := s.compute.create(id, s.compute.split(nil, cleaned(full)))
	set.creating = false
	for _, number := range ids {
		s.plant(set, number)
	}
	return nil
}

// plant makes an instance that runs since before anybody looked.
func (s *Server) plant(set *scaleSet, id int) {
	born := s.now.Add(time.Duration(set.fresh)*time.Minute - 24*time.Hour) // each by itself
	inst := &instance{
		set: set, id: id, zone: set.emptiestZone(countZones(set.instances)), fault: id % faultDomains, vmID: s.guid(), disk: s.guid(), etag: 1,
		born: born, attached: born.UnixNano(), exact: s.compute.exactVersion(set.model.image()), booted: set.model,
		state: state{model: set.model, since: s.now.UnixNano(), healthSince: s.now.UnixNano(), provisioning: succeeded, power: running, health: healthy},
	}
	set.fresh++
	set.nextID = max(set.nextID, id+1)
	set.instances = append(set.instances, inst)
}

// SeedInstance makes an instance of a scale set be what a recorded body shows.
// profile is what its own model is, where that isn't the latest; where the
// instance is in transition, it is so for a while.
func (s *Server) SeedInstance(setID string, body, profile []byte, unsettled time.Duration) error {
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
	inst := set.instance(number)
	if inst == nil {
		return fmt.Errorf("scale set %s has no instance %d", setID, number)
	}
	resemble(inst, shown)
	inst.state = state{model: set.model, since: s.now.UnixNano(), healthSince: s.now.UnixNano(), provisioning: succeeded, power: running, health: healthy}
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
	s.unsettle(inst, stringAt(shown, "properties", "provisioningState"), unsettled)
	return nil
}

func (s *Server) seededSet(setID, instanceID string) (*scaleSet, int, error) {
	id, ok := parseSetID(setID)
	if !ok {
		return nil, 0, fmt.Errorf("%q is no id of a scale set", setID)
	}
	set := s.compute.sets[id.key()]
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
func resemble(inst *instance, shown object) {
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
func (s *Server) unsettle(inst *instance, shown string, lasts time.Duration) {
	for _, p := range []provisioning{creating, updating, failed, deleting} {
		if p.String() == shown {
			inst.provisioning = p
		}
	}
	if inst.provisioning == updating || inst.provisioning == creating {
		s.after(lasts, func() {
			if inst.task == nil && inst.provisioning != failed {
				inst.change(s.now, func(st *state) { st.provisioning = succeeded })
			}
		})
	}
}
