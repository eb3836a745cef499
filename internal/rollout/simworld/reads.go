package simworld

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Model reads the scale set.
func (w *World) Model() rollout.Result[rollout.Model] {
	if p := w.readFault(); p != nil {
		return rollout.FailedResult[rollout.Model](p)
	}
	c := w.latest()
	state := rollout.StateSucceeded
	if w.running != nil || len(w.endless) > 0 {
		state = rollout.StateUpdating
	}
	m := rollout.Model{
		ETag: strconv.Itoa(w.ETag), UniqueID: w.UniqueID, ModelTimes: rollout.ModelTimes{ReadAt: w.Now}, Capacity: len(w.Instances),
		UpgradeMode: w.Mode, Orchestration: rollout.OrchestrationUniform,
		State: state, HealthMonitored: true, AutomaticRepairs: w.Repairs, AutomaticExtensionUpgrades: w.Agents, Image: c.Image, Script: c.Script,
	}
	m.Applications, m.Backends = c.Applications, w.Pools
	return rollout.KnownResult(m)
}

// ReadInstances lists the instances, late at times.
func (w *World) ReadInstances() rollout.Result[[]rollout.Instance] {
	if p := w.readFault(); p != nil {
		return rollout.FailedResult[[]rollout.Instance](p)
	}
	if w.chance(w.Faults.ListLags) {
		for _, s := range w.lagged {
			if w.Now.Sub(s.at) <= w.Faults.Lag {
				return rollout.KnownResult(w.told(s.list))
			}
		}
	}
	return rollout.KnownResult(w.told(slices.DeleteFunc(w.list(), func(i rollout.Instance) bool { return w.Hidden[i.ID] })))
}

// read makes the next read of the scale set itself.
func (w *World) read(obs *rollout.Observation, reads rollout.Reads) {
	switch {
	case reads.Instance != "":
		obs.Exists[reads.Instance] = w.Has(reads.Instance)
	case reads.Instances:
		obs.Instances = w.ReadInstances()
	case reads.Model:
		obs.Model = w.Model()
	case reads.Traffic:
		obs.Traffic = w.Pair.traffic()
	case reads.Peer:
		obs.Peer = w.Pair.of(w).Model()
	case reads.Image:
		obs.Image = w.Newest
	case reads.ImageTraits != (rollout.Image{}):
		if obs.ImageTraits = w.Traits; w.Traits.State == rollout.NotRead {
			obs.ImageTraits = rollout.KnownResult(rollout.ImageTraits{})
		}
	case reads.RollingUpgrade:
		obs.RollingUpgrade = rollout.KnownResult(w.Rolling)
	}
}

// Has asks for one instance by its id.
func (w *World) Has(id string) rollout.Result[bool] {
	if p := w.readFault(); p != nil {
		return rollout.FailedResult[bool](p)
	}
	return rollout.KnownResult(w.find(id) != nil)
}

// told is a list as Azure tells it: instances in which a script of a check is at work are being updated.
func (w *World) told(list []rollout.Instance) []rollout.Instance {
	w.untold = list
	if !w.Telling {
		return list
	}
	list = slices.Clone(list)
	for n, i := range list {
		if w.inside[i.ID] && i.State == rollout.StateSucceeded {
			list[n].State = rollout.StateUpdating
		}
	}
	return list
}

// Untold is the last list that was read, with what is true of instances in which a script of a check is at work.
func (w *World) Untold() []rollout.Instance { return w.untold }

// list is the truth.
func (w *World) list() []rollout.Instance {
	list := make([]rollout.Instance, 0, len(w.Instances))
	for _, m := range w.Instances {
		list = append(list, w.instance(m))
	}
	return list
}

func (w *World) instance(m *Instance) rollout.Instance {
	image := w.Models[m.Model].Image
	i := rollout.Instance{
		ID:        m.ID,
		Name:      "web_" + m.ID,
		VMID:      m.VMID,
		Zone:      m.Zone,
		CreatedAt: m.Created,
		State:     m.State,
		Latest:    rollout.False,
		Protected: m.Protected,
		Power:     rollout.PowerState{Running: rollout.True},
		Health:    rollout.HealthReport{Healthy: m.Health, Since: w.healthSince(m)},
		ListedAt:  w.Now,
		Disk:      rollout.OSDisk{Image: &image, ID: m.ID + "-disk-" + strconv.Itoa(m.Disk), Generation: w.Hardware},
		Script:    m.Script,
	}
	if m.Model == len(w.Models)-1 {
		i.Latest = rollout.True
	}
	for _, a := range w.Models[m.Model].Applications {
		i.Applications = append(i.Applications, rollout.InstanceApplication{Name: a.Name(), Version: a.Version(), Failed: m.Broken})
	}
	if !m.Running {
		i.Power.Running = rollout.False
	}
	if m.Off != rollout.NotOff {
		i.Power.Running, i.Power.Off, i.Health.Healthy = rollout.False, m.Off, rollout.Unknown
	}
	return i
}

// healthSince is the time that comes with a report of the instance's health. A change is seen at the next look.
func (w *World) healthSince(m *Instance) time.Time {
	if m.said != m.Health {
		m.said, m.saidSince = m.Health, w.Now
	}
	told := w.Now.Add(-w.HealthAge)
	if !w.Stale && m.saidSince.After(told) {
		return m.saidSince
	}
	return told
}

// Poll asks about an operation.
func (w *World) Poll(token string) rollout.Result[rollout.OperationStatus] {
	if strings.HasPrefix(token, "switch-") {
		return w.Pair.poll(token)
	}
	if w.Gone {
		return rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationLost})
	}
	if p := w.readFault(); p != nil {
		return rollout.FailedResult[rollout.OperationStatus](p)
	}
	if w.chance(w.Faults.TokenLost) {
		return rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationLost})
	}
	isEndless := slices.ContainsFunc(w.endless, func(op *operation) bool { return op.token == token })
	if isEndless || w.running != nil && w.running.token == token {
		return rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationRunning, RetryAfter: 10 * time.Second})
	}
	if op, known := w.ended[token]; known {
		return rollout.KnownResult(rollout.OperationStatus{State: op.result, Problem: op.problem, Duration: op.endsAt.Sub(op.began)})
	}
	return rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationLost})
}

// readFault reports whether a read fails, and how.
func (w *World) readFault() *rollout.Problem {
	if w.Gone {
		return &rollout.Problem{Kind: rollout.KindNotFound, Code: "ResourceNotFound", Message: "the scale set was not found"}
	}
	if !w.chance(w.Faults.ReadFails) {
		return nil
	}
	if w.Dice(3) == 0 {
		return &rollout.Problem{Kind: rollout.KindThrottled, Code: "TooManyRequests", Message: "too many requests", RetryAfter: 90 * time.Second}
	}
	return &rollout.Problem{Kind: rollout.KindTransient, Message: "connection reset"}
}
