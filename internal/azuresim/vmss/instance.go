package vmss

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// Instance is one virtual machine of a scale set.
type Instance struct {
	Set    *ScaleSet
	ID     int
	Suffix string // of its name; empty: the id is
	Joined string // the name of a virtual machine that was attached to the set, which did not make it; empty: the set made it
	Zone   string
	Fault  int // fault domain
	VMID   uuid.UUID
	Disk   uuid.UUID // of the OS disk: another one when it is replaced
	Exact  string    // version of the image that the disk was made from
	Etag   int
	Born   time.Time
	// Attached is when its disks became what they are, in nanoseconds of Unix time: they were made, or released with the host.
	Attached int64

	State
	past []State // earlier states, oldest first
	Task *task   // current work on it

	Command *Operation        // the run command that runs in it; no task: it does not change the state
	Managed []*ManagedCommand // run commands that are resources

	ProtectScaleIn, ProtectActions bool
	HasProtection                  bool                          // a policy was once set, so it is shown
	Tags                           tree.Object                   // nil: those of the set
	Results                        map[string]guest.ScriptResult // of scripts, by extension; nil: none failed or ran for real
	Applications                   Applications                  // gallery applications on its disk; nil: none, or it was there before
	PendingScripts, PendingDisk    bool                          // it was off when its model changed
	HealthOverride                 HealthOverride

	Hostless  *arm.Error       // why it got no host, while that is why it failed
	Surplus   bool             // overprovisioning made it and will not keep it
	warmUntil time.Time        // its health is not known before
	repaired  bool             // a repair was the last thing done to it, and it was not healthy since
	surging   bool             // it is to take another's place in a rolling upgrade
	Booted    *vmprofile.Model // what its OS disk was made from: only there osProfile and custom data take effect

	Upgrades, Reimages, ScriptRuns, Commands int
	HandlerUpgrades                          int // of the programs in its extensions, by the platform
	Deleted                                  bool
	Address                                  netip.Addr
}

// State is the part of an instance that changes during its life and shows in lists. It is small because past states are kept, too, for
// lists that lag.
type State struct {
	Model        *vmprofile.Model
	Since        int64 // when it became so, in nanoseconds of Unix time
	HealthSince  int64 // when its health became so, or when the instance last came up
	Provisioning Provisioning
	Power        Power
	Health       Health
	// Profiled is when the profile was made that the instance is tagged with, in nanoseconds of Unix time (Flexible sets).
	Profiled int64
}

// Provisioning is the provisioning state of an instance.
type Provisioning uint8

// Provisioning states.
const (
	Creating Provisioning = iota
	Updating
	Succeeded
	Failed
	Deleting
)

// String is the name as ARM has it.
func (p Provisioning) String() string {
	return [...]string{"Creating", "Updating", "Succeeded", "Failed", "Deleting"}[p]
}

// Power is the power state of an instance.
type Power uint8

// Power states.
const (
	Starting Power = iota
	Running
	Stopped
	Deallocated
)

// String is the name as ARM has it.
func (p Power) String() string {
	return [...]string{"starting", "running", "stopped", "deallocated"}[p]
}

// Health is the health that an instance reports.
type Health uint8

// What instances report.
const (
	HealthUnknown Health = iota
	Healthy
	Unhealthy
	HealthMissing // not reported at all
	HealthInitializing
)

// String is the name as ARM has it.
func (h Health) String() string {
	return [...]string{"unknown", "healthy", "unhealthy", "none", "initializing"}[h]
}

// HealthOverride is the health that the control endpoint makes an instance report.
type HealthOverride struct {
	Health Health
	Set    bool
}

// pastKept bounds an instance's history; lists that lag look no further back.
const pastKept = 4

// Change makes an instance something else from now on.
func (inst *Instance) Change(now time.Time, to func(*State)) {
	defer inst.breakOff()
	was := inst.State
	to(&inst.State)
	cameUp := inst.Power == Running && was.Power != Running
	if cameUp {
		inst.cameUp(now)
	}
	inst.Health = inst.judgeHealth()
	if inst.State == was {
		return
	}
	inst.Since = now.UnixNano()
	if cameUp || inst.Health != was.Health {
		inst.HealthSince = inst.Since
	}
	inst.noteRecovery()
	inst.expectRepair()
	inst.Set.Server.MembersMoved()
	if was.Since == inst.Since && len(inst.past) > 0 {
		return // no request could see the state in between
	}
	inst.past = append(inst.past, was)
	if len(inst.past) > pastKept {
		inst.past = slices.Delete(inst.past, 0, 1)
	}
}

// judgeHealth returns the health that is reported: an instance that is down or failed is not healthy, whatever the override says.
func (inst *Instance) judgeHealth() Health {
	switch {
	case inst.HealthOverride.Set && inst.HealthOverride.Health == HealthMissing:
		return HealthMissing
	case inst.Power == Deallocated || inst.Power == Stopped:
		return Unhealthy
	case inst.Power == Starting:
		return HealthUnknown
	case inst.Provisioning == Failed:
		return Unhealthy
	case inst.isWarmingUp():
		return inst.warmingHealth()
	case inst.HealthOverride.Set:
		return inst.HealthOverride.Health
	case inst.Provisioning == Creating:
		return HealthUnknown
	}
	return Healthy
}

// AsOf returns the state that an instance had at a time.
func (inst *Instance) AsOf(t time.Time) State {
	n := t.UnixNano()
	if inst.Since <= n {
		return inst.State
	}
	for i := len(inst.past) - 1; i >= 0; i-- {
		if inst.past[i].Since <= n {
			return inst.past[i]
		}
	}
	if len(inst.past) > 0 {
		return inst.past[0]
	}
	return inst.State
}

// SinceTime returns when the instance's state last changed.
func (inst *Instance) SinceTime() time.Time { return time.Unix(0, inst.Since).UTC() }

// Name returns the instance's name.
func (inst *Instance) Name() string {
	if inst.Joined != "" {
		return inst.Joined
	}
	if inst.Suffix != "" {
		return inst.Set.Name + "_" + inst.Suffix
	}
	return inst.Set.Name + "_" + strconv.Itoa(inst.ID)
}

// ARMID is the ARM id, in the case that answers have.
func (inst *Instance) ARMID() string { return inst.Set.instanceID(inst.Ref()) }

// Key returns the key of the instance in the fleet.
func (inst *Instance) Key() string { return strings.ToLower(inst.ARMID()) }

// IsLatest is true where the instance has the latest model.
func (inst *Instance) IsLatest() bool { return inst.Model == inst.Set.Model }

// IsOn reports whether an instance runs or starts.
func (inst *Instance) IsOn() bool { return inst.Power == Running || inst.Power == Starting }

// QuotedEtag is the etag with the quotes that are part of it.
func (inst *Instance) QuotedEtag() string { return `"` + strconv.Itoa(inst.Etag) + `"` }

// ComputerName is the prefix and the id in base 36, six digits (docs/azure.md §4), or part of the name where that is random.
func (inst *Instance) ComputerName() string {
	if inst.Joined != "" {
		return inst.Joined
	}
	if inst.Suffix != "" {
		return inst.Model.Prefix + inst.Suffix36()
	}
	return inst.Model.Prefix + inst.Number36()
}

// Number36 returns the part of a Uniform instance's computer name that is its own.
func (inst *Instance) Number36() string {
	base := 36
	if inst.Set.Server.Switches.ComputerName == "decimal" {
		base = 10
	}
	digits := strings.ToUpper(strconv.FormatInt(int64(inst.ID), base))
	return "000000"[:max(0, 6-len(digits))] + digits
}

// Suffix36 returns the part of a Flexible instance's computer name that is its own.
func (inst *Instance) Suffix36() string {
	return strings.ToUpper(inst.Suffix[:min(6, len(inst.Suffix))])
}

// longestDiskName is the longest name of a disk; names that would be longer are shortened as were those of
// azclient__virtualmachinescalesetvmclient__AZURECLOUD:5 and, further, of azure-cli-2025-02__test_vmss_simulate_eviction:7.
const longestDiskName = 80

// DiskName is the name of the OS disk.
func (inst *Instance) DiskName() string {
	id := kernel.HexID(inst.Disk)
	if inst.Suffix != "" { // azure-cli-2025-02__test_vmss_linux_patch_mode:19
		return inst.Name() + "_disk1_" + id
	}
	for _, name := range []string{inst.DiskPrefix() + "_OsDisk_1_" + id, inst.DiskPrefix() + "_OS__1_" + id} {
		if len(name) <= longestDiskName {
			return name
		}
	}
	return cut(inst.Set.Name, shownOfSet) + cut(inst.Name(), shownOfSet+1) + "OS__1_" + id
}

// ShortensNames reports whether the names of some of the scale set's disks may be shortened: of instances of a number with five digits.
func (set *ScaleSet) ShortensNames() bool {
	return len(set.Name+"_"+set.Name+"_12345_OsDisk_1_")+32 > longestDiskName
}

// shownOfSet is how much of a scale set's name the name of a disk has room for; of an instance's it is one more.
const shownOfSet = 20

func cut(name string, length int) string { return name[:min(len(name), length)] }

// DiskPrefix returns the beginning of the names of the instance's disks.
func (inst *Instance) DiskPrefix() string {
	if inst.Suffix != "" {
		return inst.Name()
	}
	return inst.Set.Name + "_" + inst.Name()
}

// RefKey is the reference to the instance, in lower case.
func (inst *Instance) RefKey() faults.InstanceRef {
	return faults.InstanceRef(strings.ToLower(inst.Ref()))
}
