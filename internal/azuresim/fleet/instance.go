package fleet

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

var (
	errRemoved  = errors.New("the instance was removed")
	errReimaged = errors.New("the instance got a fresh disk")
)

// instance is one instance of a fleet. Its fields change under the fleet's lock; its web server reads disk and sick without.
type instance struct {
	key  string
	site *site
	web  *web                 // nil: down
	disk atomic.Pointer[disk] // nil: the disk could not be made
	sick atomic.Bool
}

// Boot gives the instance a fresh disk made from the image and opens its web server at its address. An instance that exists keeps its
// address, and whether it is sick. Scripts that run on its old disk are killed.
func (f *Fleet) Boot(key string, image guest.Image) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	if err := f.boot(key, image); err != nil {
		f.options.Logger.Error("Booting failed", "instance", key, "image", image.ID, "error", err)
		return
	}
	f.options.Logger.Debug("Booted", "instance", key, "image", image.ID, "address", f.instances[key].site.addr)
}

func (f *Fleet) boot(key string, image guest.Image) error {
	m := f.instances[key]
	if m == nil {
		s, err := f.pool.settle(f.options.InstancePort)
		if err != nil {
			return fmt.Errorf("taking an address: %w", err)
		}
		m = &instance{key: key, site: s}
		f.instances[key] = m
	}
	f.retire(m, errReimaged)
	d, err := f.makeDisk(image)
	if err != nil {
		return fmt.Errorf("making the disk: %w", err)
	}
	m.disk.Store(d)
	return f.up(m)
}

// Down closes the instance's address and breaks its connections; disk, address and scripts are kept.
func (f *Fleet) Down(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.instances[key]; m != nil && !f.closed {
		m.down()
	}
}

func (m *instance) down() {
	m.site.shut()
	if m.web != nil {
		m.web.close()
		m.web = nil
	}
}

// Up opens the instance's address again.
func (f *Fleet) Up(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.instances[key]
	if m == nil || f.closed {
		return
	}
	if err := f.up(m); err != nil {
		f.options.Logger.Error("Opening the address failed", "instance", key, "address", m.site.addr, "error", err)
	}
}

func (f *Fleet) up(m *instance) error {
	if m.web != nil {
		return nil
	}
	if m.site.listener == nil {
		if err := m.site.open(f.options.InstancePort); err != nil {
			return err
		}
	}
	m.web = f.serve(m)
	return nil
}

// Remove ends the instance. Its address is closed when Remove returns, its scripts are being killed, and its disk goes with them.
func (f *Fleet) Remove(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.instances[key]
	if m == nil || f.closed {
		return
	}
	delete(f.instances, key)
	m.down()
	m.site.leave()
	f.retire(m, errRemoved)
}

// Address returns the instance's own 127.x.y.z; the zero Addr if there is no such instance.
func (f *Fleet) Address(key string) netip.Addr {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.instances[key]; m != nil {
		return m.site.addr
	}
	return netip.Addr{}
}

// SetSick makes the instance's web server answer 503, or stops it from doing so.
func (f *Fleet) SetSick(key string, sick bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.instances[key]; m != nil {
		m.sick.Store(sick)
	}
}
