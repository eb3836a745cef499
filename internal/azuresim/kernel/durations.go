package kernel

import "time"

// Durations sets how long operations take. A zero field means the recorded default; a negative one means at once. Each is varied by
// ±Jitter.
type Durations struct {
	Patch             time.Duration // PATCH of a scale set
	PutModel          time.Duration // PUT of an existing scale set, and writes of its extensions
	Create            time.Duration // an instance's or a scale set's creation
	Upgrade           time.Duration // manualupgrade that runs scripts in place
	UpgradeImage      time.Duration // manualupgrade that replaces the OS disk
	UpgradeOS         time.Duration // a batch of osRollingUpgrade, and of automatic OS upgrades
	UpgradeExtensions time.Duration // a batch of extensionRollingUpgrade
	Overprovision     time.Duration // how long surplus instances stay after a scale set has grown
	Noop              time.Duration // manualupgrade of instances that have the latest model
	Reimage           time.Duration // reimage and reimageall
	Start             time.Duration
	Restart           time.Duration
	PowerOff          time.Duration
	Deallocate        time.Duration
	Delete            time.Duration // of instances, or of a scale set
	VMUpdate          time.Duration // PUT of one instance
	RunCommand        time.Duration // a run command, which lasts longer if its script does
	Evict             time.Duration // until a Spot instance is gone, once it is evicted
	Cancel            time.Duration // of a rolling upgrade
	Network           time.Duration // writes of network resources

	// Jitter is the share by which each duration varies: 0.1 is ±10 %.
	// Zero means 0.1; negative means none.
	Jitter float64
	// Scale multiplies every duration; zero means 1.
	Scale float64
}

// WithDefaults fills zero fields with the recorded durations (docs/azure.md §2.9).
func (d Durations) WithDefaults() Durations {
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&d.Patch, 5 * time.Second},
		{&d.PutModel, 4 * time.Second},
		{&d.Create, 40 * time.Second},
		{&d.Upgrade, 50 * time.Second},
		{&d.UpgradeImage, 132 * time.Second},
		{&d.UpgradeOS, 121 * time.Second},
		{&d.UpgradeExtensions, 120 * time.Second}, // 600 for five batches
		{&d.Overprovision, time.Minute},
		{&d.Noop, 400 * time.Millisecond},
		{&d.Reimage, 75 * time.Second},
		{&d.Start, 10 * time.Second},
		{&d.Restart, 25 * time.Second},
		{&d.PowerOff, 15 * time.Second},
		{&d.Deallocate, 42 * time.Second},
		{&d.Delete, 30 * time.Second},
		{&d.VMUpdate, 300 * time.Millisecond},
		{&d.RunCommand, 30 * time.Second},
		{&d.Evict, 66 * time.Second},
		{&d.Cancel, 5 * time.Second},
		{&d.Network, 2 * time.Second}, // [U]: there is no recording
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
		*f.field = max(*f.field, 0)
	}
	if d.Jitter == 0 {
		d.Jitter = 0.1
	}
	d.Jitter = min(max(d.Jitter, 0), 1)
	if d.Scale <= 0 {
		d.Scale = 1
	}
	return d
}
