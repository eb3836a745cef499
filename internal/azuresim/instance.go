package azuresim

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// instance is one virtual machine of a scale set.
type instance struct {
	set    *scaleSet
	id     int
	suffix string // of its name; empty: the id is
	zone   string
	fault  int // fault domain
	vmID   uuid.UUID
	disk   uuid.UUID // of the OS disk: another one when it is replaced
	exact  string    // version of the image that the disk was made from
	etag   int
	born   time.Time
	// attached is when its disks became what they are, in nanoseconds of Unix time: made anew, or let go of with its host.
	attached int64

	state
	past []state // what it was before, oldest first
	task *task   // what is being done to it

	command *operation // the run command that it is busy with; no task: it stays what it is

	protectScaleIn, protectActions bool
	hasProtection                  bool                    // a policy was once set, so it is shown
	tags                           object                  // nil: those of the set
	results                        map[string]ScriptResult // of scripts, by extension; nil: none failed or ran for real
	pendingScripts, pendingDisk    bool                    // it was off when its model changed
	told                           toldHealth

	surplus   bool      // overprovisioning made it and will not keep it
	warmUntil time.Time // its health is not known before
	repaired  bool      // a repair made it what it is, and it was not healthy since
	surging   bool      // it is to take another's place in a rolling upgrade
	booted    *model    // what its OS disk was made from: only there osProfile and custom data take effect

	upgrades, reimages, scriptRuns, commands int
	deleted                                  bool
	address                                  netip.Addr
}

// state is what changes in an instance's life and shows in lists. It is kept
// small since the past is kept, too, for lists that lag.
type state struct {
	model        *model
	since        int64 // when it became so, in nanoseconds of Unix time
	healthSince  int64 // when its health became so, or began anew since the machine came up
	provisioning provisioning
	power        power
	health       health
}

type provisioning uint8

const (
	creating provisioning = iota
	updating
	succeeded
	failed
	deleting
)

func (p provisioning) String() string {
	return [...]string{"Creating", "Updating", "Succeeded", "Failed", "Deleting"}[p]
}

type power uint8

const (
	starting power = iota
	running
	stopped
	deallocated
)

func (p power) String() string {
	return [...]string{"starting", "running", "stopped", "deallocated"}[p]
}

type health uint8

const (
	healthUnknown health = iota
	healthy
	unhealthy
	healthMissing // not reported at all
	healthInitializing
)

func (h health) String() string {
	return [...]string{"unknown", "healthy", "unhealthy", "none", "initializing"}[h]
}

// toldHealth is what the control endpoint made an instance report.
type toldHealth struct {
	health health
	told   bool
}

// pastKept bounds an instance's history; lists that lag look no further back.
const pastKept = 4

// change makes an instance something else from now on.
func (inst *instance) change(now time.Time, to func(*state)) {
	defer inst.breakOff()
	was := inst.state
	to(&inst.state)
	isUpAnew := inst.power == running && was.power != running
	if isUpAnew {
		inst.cameUp(now)
	}
	inst.health = inst.judgeHealth()
	if inst.state == was {
		return
	}
	inst.since = now.UnixNano()
	if isUpAnew || inst.health != was.health {
		inst.healthSince = inst.since
	}
	inst.progressed(was)
	inst.noteRecovery()
	inst.expectRepair()
	inst.set.server.membersMoved()
	if was.since == inst.since && len(inst.past) > 0 {
		return // nobody could see it
	}
	inst.past = append(inst.past, was)
	if len(inst.past) > pastKept {
		inst.past = slices.Delete(inst.past, 0, 1)
	}
}

// judgeHealth is what is reported: a machine that is down or failed is not
// healthy whatever it was told to say.
func (inst *instance) judgeHealth() health {
	switch {
	case inst.told.told && inst.told.health == healthMissing:
		return healthMissing
	case inst.power == deallocated || inst.power == stopped:
		return unhealthy
	case inst.power == starting:
		return healthUnknown
	case inst.provisioning == failed:
		return unhealthy
	case inst.isWarmingUp():
		return inst.warmingHealth()
	case inst.told.told:
		return inst.told.health
	case inst.provisioning == creating:
		return healthUnknown
	}
	return healthy
}

// asOf is what an instance was at a time.
func (inst *instance) asOf(t time.Time) state {
	n := t.UnixNano()
	if inst.since <= n {
		return inst.state
	}
	for i := len(inst.past) - 1; i >= 0; i-- {
		if inst.past[i].since <= n {
			return inst.past[i]
		}
	}
	if len(inst.past) > 0 {
		return inst.past[0]
	}
	return inst.state
}

func (inst *instance) sinceTime() time.Time { return time.Unix(0, inst.since).UTC() }

func (inst *instance) name() string {
	if inst.suffix != "" {
		return inst.set.name + "_" + inst.suffix
	}
	return inst.set.name + "_" + strconv.Itoa(inst.id)
}

func (inst *instance) armID() string { return inst.set.instanceID(inst.ref()) }

// key names the machine to the fleet.
func (inst *instance) key() string { return strings.ToLower(inst.armID()) }

func (inst *instance) isLatest() bool { return inst.model == inst.set.model }

func (inst *instance) isOn() bool { return inst.power == running || inst.power == starting }

func (inst *instance) quotedEtag() string { return `"` + strconv.Itoa(inst.etag) + `"` }

// computerName is the prefix and the id in base 36, six digits (azure-facts §4), or part of the name where that is random.
func (inst *instance) computerName() string {
	if inst.suffix != "" {
		return inst.model.prefix + inst.suffix36()
	}
	return inst.model.prefix + inst.number36()
}

// number36 is what a Uniform machine's computer name has of its own.
func (inst *instance) number36() string {
	base := 36
	if inst.set.server.switches.ComputerName == "decimal" {
		base = 10
	}
	digits := strings.ToUpper(strconv.FormatInt(int64(inst.id), base))
	return "000000"[:max(0, 6-len(digits))] + digits
}

// suffix36 is what a Flexible machine's has.
func (inst *instance) suffix36() string {
	return strings.ToUpper(inst.suffix[:min(6, len(inst.suffix))])
}

func (inst *instance) diskName() string {
	return inst.diskPrefix() + inst.set.diskInfix + hexID(inst.disk)
}

func (inst *instance) diskPrefix() string {
	if inst.suffix != "" {
		return inst.name()
	}
	return inst.set.name + "_" + inst.name()
}

func (inst *instance) refKey() instanceRef { return instanceRef(strings.ToLower(inst.ref())) }
