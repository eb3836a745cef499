package fleet

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

var (
	errRemoved  = errors.New("the machine was removed")
	errReimaged = errors.New("the machine got a fresh disk")
)

// machine is one instance. Its fields change under the fleet's lock; its web server reads disk and sick without.
type machine struct {
	key  string
	site *site
	web  *web                 // nil: down
	disk atomic.Pointer[disk] // nil: the disk could not be made
	sick atomic.Bool
}

// Boot gives the machine a fresh disk made from the image and opens its web server at its address. A machine that exists keeps its
// address, and whether it is sick; scripts that run on its old disk are killed.
func (f *Fleet) Boot(key string, image guest.Image) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	if err := f.boot(key, image); err != nil {
		f.options.Logger.Error("Booting failed", "machine", key, "image", image.ID, "error", err)
		return
	}
	f.options.Logger.Debug("Booted", "machine", key, "image", image.ID, "address", f.machines[key].site.addr)
}

func (f *Fleet) boot(key string, image guest.Image) error {
	m := f.machines[key]
	if m == nil {
		s, err := f.pool.settle(f.options.MachinePort)
		if err != nil {
			return fmt.Errorf("taking an address: %w", err)
		}
		m = &machine{key: key, site: s}
		f.machines[key] = m
	}
	f.retire(m, errReimaged)
	d, err := f.makeDisk(image)
	if err != nil {
		return fmt.Errorf("making the disk: %w", err)
	}
	m.disk.Store(d)
	return f.up(m)
}

// Down closes the machine's address and breaks its connections; disk, address and scripts are kept.
func (f *Fleet) Down(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.machines[key]; m != nil && !f.closed {
		m.down()
	}
}

func (m *machine) down() {
	m.site.shut()
	if m.web != nil {
		m.web.close()
		m.web = nil
	}
}

// Up opens the machine's address again.
func (f *Fleet) Up(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.machines[key]
	if m == nil || f.closed {
		return
	}
	if err := f.up(m); err != nil {
		f.options.Logger.Error("Opening the address failed", "machine", key, "address", m.site.addr, "error", err)
	}
}

func (f *Fleet) up(m *machine) error {
	if m.web != nil {
		return nil
	}
	if m.site.listener == nil {
		if err := m.site.open(f.options.MachinePort); err != nil {
			return err
		}
	}
	m.web = f.serve(m)
	return nil
}

// Remove ends the machine: its address is closed when Remove returns, its scripts are being killed, and its disk goes with them.
func (f *Fleet) Remove(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.machines[key]
	if m == nil || f.closed {
		return
	}
	delete(f.machines, key)
	m.down()
	m.site.leave()
	f.retire(m, errRemoved)
}

// Address is the machine's own 127.x.y.z; the zero Addr if there is no such machine.
func (f *Fleet) Address(key string) netip.Addr {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.machines[key]; m != nil {
		return m.site.addr
	}
	return netip.Addr{}
}

// SetSick makes the machine's web server answer 503, or stops it from doing so.
func (f *Fleet) SetSick(key string, sick bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.machines[key]; m != nil {
		m.sick.Store(sick)
	}
}
