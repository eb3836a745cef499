package modelcheck

import (
	"slices"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// start is when every world begins, by when its first instances are old.
var start = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// maxInstances is how many instances a world can have; it keeps the world a plain value, which copies fast.
const maxInstances = 5

// content is the content of a model, in the paths that the core knows, and a serial for all others. Each is an index into a table of few.
type content struct{ image, script, tag, other uint8 }

// The images there are. The last is another writer's.
var images = [...]rollout.Image{{ID: "/images/0"}, {ID: "/images/1"}, {ID: "/images/2"}, {ID: "/images/x"}}

// The scripts there are, by their commands. The first is none, the last another writer's.
var scripts = [...]string{"", "bash 0.sh", "bash 1.sh", "bash 2.sh", "bash x.sh"}

const (
	foreignImage  = uint8(len(images) - 1)
	foreignScript = uint8(len(scripts) - 1)
)

// tags are the force-update tags.
var tags = [...]string{"", "tag 0", "tag 1", "tag 2"}

// instance is one of the scale set. What follows condition is the oracle's own ledger.
type instance struct {
	id, vm    uint8
	at        content
	version   uint16 // of the model
	disk      uint8
	made      time.Duration // since start
	condition condition
	unhealthy bool // the application says so
	protected bool // from scale-set actions
	inOp      bool

	exposed bool // had the target, or was named by an effect
	// another instance of the same id was exposed, and the rollout knows instances by their ids; or it had the target while no baseline was
	// known
	heir     bool
	reimaged uint8 // times since its content last changed
}

// condition is how an instance stands with the platform.
type condition uint8

const (
	sound condition = iota
	failed
	creating // not yet there
)

// operation is Azure's running operation.
type operation struct {
	kind    rollout.OperationKind // "": nothing
	to      content
	version uint16
	token   int
	lost    bool // a write that writes nothing, and will end as failed
}

// world is a scale set. It is a plain value.
type world struct {
	now       time.Duration // since start
	instances [maxInstances]instance
	n         int
	nextID    uint8
	nextVM    uint8
	model     content
	version   uint16
	zoned     bool // instances are in two zones by turns
	byContent bool // Azure takes an instance for up to date by what it has, not by when the model was written
	op        operation
	tokens    int
	ended     ending // of the operation with the highest token that is over
	repairs   bool
	suspended bool
	lastBirth time.Duration // of the instance that was made last
}

// ending is how an operation ended.
type ending struct {
	token int
	state rollout.OperationState
	kind  rollout.Kind
}

func (w *world) list() []instance { return w.instances[:w.n] }

func (w *world) at() time.Time { return start.Add(w.now) }

// add makes an instance from the latest model.
func (w *world) add() {
	w.instances[w.n] = instance{id: w.nextID, vm: w.nextVM, at: w.model, version: w.version, made: w.birth()}
	w.n++
	w.nextID++
	w.nextVM++
}

// remove deletes an instance.
func (w *world) remove(i int) {
	copy(w.instances[i:], w.instances[i+1:w.n])
	w.n--
	w.instances[w.n] = instance{}
}

// write makes a new model, unless it is the same.
func (w *world) write(c content) {
	if c != w.model {
		w.model = c
		w.version++
	}
}

// latest reports whether Azure takes the instance for up to date.
func (w *world) latest(m instance) bool {
	if w.byContent {
		return m.at == w.model
	}
	return m.version == w.version
}

// find returns the index of the instance that a reference means, -1 for none.
func (w *world) find(id string) int {
	return slices.IndexFunc(w.list(), func(m instance) bool { return strconv.Itoa(int(m.id)) == id })
}

// readModel reads the scale set.
func (w *world) readModel() rollout.Model {
	m := rollout.Model{
		ETag: strconv.Itoa(int(w.version)), ModelTimes: rollout.ModelTimes{ReadAt: w.at()}, Capacity: w.n, UpgradeMode: rollout.UpgradeModeManual,
		Orchestration: rollout.OrchestrationUniform,
		State:         rollout.StateSucceeded, HealthMonitored: true, AutomaticRepairs: w.repairs, Image: images[w.model.image],
	}
	if w.op.kind != "" {
		m.State = rollout.StateUpdating
	}
	if w.model.script != 0 {
		m.Script = &rollout.ModelScript{
			Extension: rollout.DefaultScriptExtension, URIs: uris(w.model.script), Command: scripts[w.model.script],
			ForceUpdateTag: tags[w.model.tag],
		}
	}
	return m
}

func uris(script uint8) []string {
	return []string{"https://store.example/" + strconv.Itoa(int(script))}
}

// readInstances lists the instances.
func (w *world) readInstances() []rollout.Instance {
	list := make([]rollout.Instance, 0, w.n)
	for _, m := range w.list() {
		list = append(list, w.instance(m))
	}
	return list
}

func (w *world) instance(m instance) rollout.Instance {
	id := strconv.Itoa(int(m.id))
	i := rollout.Instance{
		ID:        id,
		Name:      "web_" + id,
		VMID:      strconv.Itoa(int(m.vm)),
		CreatedAt: start.Add(m.made),
		State:     rollout.StateSucceeded,
		Latest:    rollout.False,
		Protected: m.protected,
		Power:     rollout.PowerState{Running: rollout.True},
		Health:    rollout.HealthReport{Healthy: rollout.True, Since: w.at()},
		ListedAt:  w.at(),
		Disk:      rollout.OSDisk{Image: &images[m.at.image], ID: diskOf(m)},
		Script:    rollout.ScriptSucceeded,
	}
	if w.zoned {
		i.Zone = m.zone()
	}
	if m.at.script == 0 {
		i.Script = rollout.ScriptAbsent
	}
	if m.condition == failed {
		i.State = rollout.StateFailed
		if m.at.script != 0 {
			i.Script = rollout.ScriptFailed
		}
	}
	if m.inOp {
		i.State = rollout.StateUpdating
	}
	if m.condition == creating {
		i.State, i.Health.Healthy = rollout.StateCreating, rollout.Unknown
	}
	if m.unhealthy {
		i.Health.Healthy = rollout.False
	}
	if w.latest(m) {
		i.Latest = rollout.True
	}
	return i
}

// zone is where an instance is, where there are zones.
func (m instance) zone() string { return strconv.Itoa(1 + int(m.id)%2) }

func diskOf(m instance) string { return strconv.Itoa(int(m.vm)) + "-disk-" + strconv.Itoa(int(m.disk)) }

// poll asks about an operation.
func (w *world) poll(token string) rollout.OperationStatus {
	switch token {
	case strconv.Itoa(w.op.token):
		if w.op.kind != "" {
			return rollout.OperationStatus{State: rollout.OperationRunning, RetryAfter: 10 * time.Second}
		}
	case strconv.Itoa(w.ended.token):
		s := rollout.OperationStatus{State: w.ended.state, Duration: 20 * time.Second}
		if w.ended.kind != "" {
			s.Problem = &rollout.Problem{Kind: w.ended.kind, Message: "it ended badly"}
		}
		return s
	}
	return rollout.OperationStatus{State: rollout.OperationLost}
}

// way is how Azure takes an effect.
type way uint8

const (
	taken     way = iota
	refused       // for now
	forbidden     // until a user repairs it
	unanswered
	unsent
	fruitless // a write is taken, writes nothing and will fail
	preempts  // a write ends the upgrade it comes upon
	outrun    // another writer wrote between the look and the write
	throttled // and Azure names a time
)

// do carries out a step as Azure would.
func (w *world) do(step rollout.Step, how way) rollout.StepResult {
	o := rollout.StepResult{At: w.at(), AzureTime: w.at(), RetryAfter: 10 * time.Second}
	named := rollout.InstancesOf(step)
	if o.Problem = w.refusal(step, named, how); o.Problem != nil {
		return o
	}
	switch {
	case onRepairs(step):
		w.suspended = step.Operation() == rollout.SuspendRepairsOperation
	case w.op.kind != "":
		w.writeBeside(step, how)
	default:
		o.PollToken = w.begin(step, named, how)
	}
	if how == unanswered {
		o.PollToken, o.Problem = "", &rollout.Problem{Kind: rollout.KindAmbiguous, Message: "no answer"}
	}
	return o
}

// refusal is why the step does nothing, if it does not.
func (w *world) refusal(step rollout.Step, named []rollout.Ref, how way) *rollout.Problem {
	switch {
	case how == refused, w.op.kind != "" && (named != nil || !touches(w.op.kind)) && !onRepairs(step):
		return &rollout.Problem{Kind: rollout.KindConflict, Message: "another operation is running"}
	case how == forbidden:
		return &rollout.Problem{Kind: rollout.KindForbidden, Message: "not allowed"}
	case how == outrun:
		c := w.model
		c.other++
		w.write(c)
		return &rollout.Problem{Kind: rollout.KindPreconditionFailed, Message: "the model is another one by now"}
	case how == throttled:
		return &rollout.Problem{Kind: rollout.KindThrottled, Message: "too many requests", RetryAfter: throttleTime}
	case how == unsent:
		return &rollout.Problem{Kind: rollout.KindAmbiguous, Message: "no answer"}
	default:
		return nil
	}
}

// begin starts the operation.
func (w *world) begin(step rollout.Step, named []rollout.Ref, how way) string {
	w.tokens++
	w.op = operation{kind: step.Operation(), token: w.tokens, lost: how == fruitless}
	if named == nil && how != fruitless {
		w.write(w.after(step))
	}
	w.op.to, w.op.version = w.model, w.version
	for _, ref := range named {
		m := &w.instances[w.find(ref.ID)]
		m.inOp = step.Operation() == rollout.ReimageOperation || !w.latest(*m)
	}
	return strconv.Itoa(w.tokens)
}

// writeBeside writes the model while instances are worked on: Azure lets that go on towards the model it was begun with, or ends it.
func (w *world) writeBeside(step rollout.Step, how way) {
	w.write(w.after(step))
	if how == preempts {
		w.end(canceled)
	}
}

// after is the model after a step. What no table knows is another writer's.
func (w *world) after(step rollout.Step) content {
	c := w.model
	switch s := step.(type) {
	case rollout.WriteImage:
		c.image = indexOf(images[:], s.Image)
	case rollout.WriteScript:
		c.script, c.tag = indexOf(scripts[:], s.Script.Command), indexOf(tags[:], s.ForceUpdateTag)
	case rollout.RemoveScript:
		c.script, c.tag = 0, 0
	}
	return c
}

func indexOf[T comparable](table []T, v T) uint8 {
	if i := slices.Index(table, v); i >= 0 {
		return uint8(i)
	}
	return uint8(len(table) - 1)
}

// result is how an operation ends.
type result uint8

const (
	succeeds   result = iota
	breaks            // done, and what was put there does not start
	sickens           // done, and what was put there is not well
	fails             // for its own reasons, nothing is done
	canceled          // preempted, nothing is done
	forNothing        // well, and nothing is done
)

// end ends the operation that runs.
func (w *world) end(how result) {
	op := w.op
	state, kind := rollout.OperationSucceeded, rollout.Kind("")
	switch {
	case how == canceled:
		state, kind = rollout.OperationCanceled, rollout.KindPreempted
	case how == breaks, how == fails, op.lost:
		state, kind = rollout.OperationFailed, rollout.KindOperationFailed
	}
	w.op, w.ended = operation{}, ending{token: op.token, state: state, kind: kind}
	for i := range w.list() {
		if m := &w.instances[i]; m.inOp {
			m.inOp = false
			if how == succeeds || how == breaks || how == sickens {
				m.apply(op, how)
			}
		}
	}
}

// apply is the effect of the operation on the instance.
func (m *instance) apply(op operation, how result) {
	if op.kind == rollout.ReimageOperation {
		m.disk++
		m.reimaged++
	} else {
		if m.at.image != op.to.image {
			m.disk++
		}
		m.at, m.version, m.reimaged = op.to, op.version, 0
	}
	m.condition, m.unhealthy = sound, how == sickens
	if how == breaks {
		m.condition = failed
	}
}

func touches(k rollout.OperationKind) bool {
	return k == rollout.UpgradeOperation || k == rollout.ReimageOperation
}

func onRepairs(step rollout.Step) bool {
	k := step.Operation()
	return k == rollout.SuspendRepairsOperation || k == rollout.ResumeRepairsOperation
}

// birth is the creation time of an instance that is made now. No two are made at once: Azure counts in tenths of a microsecond, and its
// clock tells which instance is newer than another.
func (w *world) birth() time.Duration {
	w.lastBirth = max(w.now, w.lastBirth+time.Microsecond)
	return w.lastBirth
}
