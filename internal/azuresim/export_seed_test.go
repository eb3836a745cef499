package azuresim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// The replay check needs more than the API: it makes the simulator hold the resources that existed before a recording began.

// SetDurations sets how long operations take that begin from now on; running ones do not change.
func (s *Server) SetDurations(d kernel.Durations) {
	s.kernel.Lock()
	defer s.kernel.Unlock()
	s.kernel.Durations = d.WithDefaults()
}

// SeedScaleSet makes a scale set as a recorded body shows it, with instances of some numbers.
func (s *Server) SeedScaleSet(body []byte, ids []int) error {
	s.kernel.Lock()
	defer s.kernel.Unlock()
	s.kernel.CatchUp()
	full, err := tree.ParseObject(body)
	if err != nil {
		return err
	}
	id, ok := arm.ParseSetID(tree.StringAt(full, "id"))
	if !ok {
		return fmt.Errorf("%q is no id of a scale set", tree.StringAt(full, "id"))
	}
	// old versions do not show it
	full = tree.WithDefaults(full, tree.Object{"properties": tree.Object{"orchestrationMode": vmprofile.Uniform}})
	set := s.compute.Create(id, s.compute.Split(nil, vmprofile.Cleaned(full)))
	set.Creating = tree.StringAt(full, "properties", "provisioningState") == "Creating"
	set.Identify()
	if number, err := strconv.Atoi(strings.Trim(tree.StringAt(full, "etag"), `"`)); err == nil {
		set.Etag = number
	}
	if at := timeAt(full, "properties", "timeCreated"); !at.IsZero() {
		set.Created = at
	}
	if at := timeAt(full, "properties", "virtualMachineProfile", "timeCreated"); !at.IsZero() {
		set.Model.Since = at
	}
	for _, number := range ids {
		s.plant(set, number)
	}
	return nil
}

// timeAt is the time at a path; zero: there is none.
func timeAt(o tree.Object, path ...string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, tree.StringAt(o, path...))
	if err != nil {
		return time.Time{}
	}
	return at
}

// plant makes an instance that runs since before the first request.
func (s *Server) plant(set *vmss.ScaleSet, id int) {
	born := s.kernel.Now.Add(time.Duration(set.Fresh)*time.Minute - 24*time.Hour) // each by itself
	inst := &vmss.Instance{
		Set: set, ID: id, Zone: set.EmptiestZone(vmss.CountZones(set.Instances)), Fault: id % vmss.FaultDomains, VMID: s.kernel.GUID(),
		Disk: s.kernel.GUID(), Etag: 1,
		Born: born, Attached: born.UnixNano(), Exact: s.compute.ExactVersion(set.Model.Image()), Booted: set.Model,
		State: vmss.State{Model: set.Model, Since: s.kernel.Now.UnixNano(), HealthSince: s.kernel.Now.UnixNano(), Provisioning: vmss.Succeeded,
			Power: vmss.Running, Health: vmss.Healthy},
	}
	set.Fresh++
	set.NextID = max(set.NextID, id+1)
	set.Instances = append(set.Instances, inst)
}

// SeedInstance makes an instance of a scale set as a recorded body shows it. profile is that of its own model, if that isn't the latest. An
// instance that is shown in transition stays so for a while.
func (s *Server) SeedInstance(setID string, body, profile []byte, unsettled time.Duration) error {
	s.kernel.Lock()
	defer s.kernel.Unlock()
	s.kernel.CatchUp()
	shown, err := tree.ParseObject(body)
	if err != nil {
		return err
	}
	set, number, err := s.seededSet(setID, tree.StringAt(shown, "instanceId"))
	if err != nil {
		return err
	}
	inst := set.Instance(number)
	if inst == nil {
		return fmt.Errorf("scale set %s has no instance %d", setID, number)
	}
	resemble(inst, shown)
	inst.State = vmss.State{Model: set.Model, Since: s.kernel.Now.UnixNano(), HealthSince: s.kernel.Now.UnixNano(),
		Provisioning: vmss.Succeeded, Power: vmss.Running, Health: vmss.Healthy}
	if !tree.BoolAt(shown, "properties", "latestModelApplied") {
		own, err := tree.ParseObject(profile)
		if err != nil {
			return err
		}
		inst.Model = vmprofile.NewModel(own, tree.StringAt(shown, "sku", "name"))
	}
	if set.ARMID()+"/virtualMachines/"+strconv.Itoa(number) != tree.StringAt(shown, "id") {
		set.UpperCase = true
	}
	s.unsettle(inst, tree.StringAt(shown, "properties", "provisioningState"), unsettled)
	return nil
}

// SeedSurplus makes a surplus instance of a scale set, unless it has an instance of that number.
func (s *Server) SeedSurplus(setID string, number int) error {
	s.kernel.Lock()
	defer s.kernel.Unlock()
	set, _, err := s.seededSet(setID, "0")
	if err != nil || set.Instance(number) != nil {
		return err
	}
	s.plant(set, number)
	last := len(set.Instances) - 1
	inst := set.Instances[last]
	inst.Surplus = true
	set.Instances, set.Surplus = set.Instances[:last], append(set.Surplus, inst)
	return nil
}

// SeedMove moves a scale set's ETag after a while, as surplus instances do that existed before the first request. If the set is still being
// created, that ends then.
func (s *Server) SeedMove(setID string, after time.Duration) error {
	s.kernel.Lock()
	defer s.kernel.Unlock()
	set, _, err := s.seededSet(setID, "0")
	if err != nil {
		return err
	}
	s.kernel.After(after, func() {
		set.Etag++
		set.Creating = false
	})
	return nil
}

func (s *Server) seededSet(setID, instanceID string) (*vmss.ScaleSet, int, error) {
	id, ok := arm.ParseSetID(setID)
	if !ok {
		return nil, 0, fmt.Errorf("%q is no id of a scale set", setID)
	}
	set := s.compute.Sets[id.Key()]
	if set == nil {
		return nil, 0, fmt.Errorf("there is no scale set %s", setID)
	}
	number, err := strconv.Atoi(instanceID)
	if err != nil {
		return nil, 0, fmt.Errorf("an instance cannot have the id %q: %w", instanceID, err)
	}
	return set, number, nil
}

// resemble copies the fields that are an instance's own, not its model's.
func resemble(inst *vmss.Instance, shown tree.Object) {
	properties := tree.ObjectAt(shown, "properties")
	if id, err := uuid.Parse(tree.StringAt(properties, "vmId")); err == nil {
		inst.VMID = id
	}
	if at := timeAt(properties, "timeCreated"); !at.IsZero() {
		inst.Born, inst.Attached = at, at.Add(time.Duration(inst.ID+1)*10*time.Second).UnixNano() // its disk was attached later, by itself
	}
	inst.Exact = tree.StringAt(properties, "storageProfile", "imageReference", "exactVersion")
	disk := tree.StringAt(properties, "storageProfile", "osDisk", "name")
	if id, err := uuid.Parse(disk[strings.LastIndex(disk, "_")+1:]); err == nil {
		inst.Disk = id
	}
	inst.Zone = ""
	if zones := tree.ArrayAt(shown, "zones"); len(zones) > 0 {
		inst.Zone, _ = zones[0].(string)
	}
	if policy := tree.ObjectAt(properties, "protectionPolicy"); policy != nil {
		inst.HasProtection = true
		inst.ProtectScaleIn, inst.ProtectActions = tree.BoolAt(policy, "protectFromScaleIn"), tree.BoolAt(policy, "protectFromScaleSetActions")
	}
	inst.Tags = tree.ObjectAt(shown, "tags")
	if fault, given := tree.IntAt(shown, "faultDomain"); given {
		inst.Fault = fault
	}
	if number, err := strconv.Atoi(strings.Trim(tree.StringAt(shown, "etag"), `"`)); err == nil {
		inst.Etag = number
	}
}

// unsettle lets an instance that was recorded in transition be so for a while.
func (s *Server) unsettle(inst *vmss.Instance, shown string, lasts time.Duration) {
	for _, p := range []vmss.Provisioning{vmss.Creating, vmss.Updating, vmss.Failed, vmss.Deleting} {
		if p.String() == shown {
			inst.Provisioning = p
		}
	}
	if inst.Provisioning == vmss.Updating || inst.Provisioning == vmss.Creating {
		s.kernel.After(lasts, func() {
			if inst.Task == nil && inst.Provisioning != vmss.Failed {
				inst.Change(s.kernel.Now, func(st *vmss.State) { st.Provisioning = vmss.Succeeded })
			}
		})
	}
}
