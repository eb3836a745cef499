package azuresim

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Server is one simulated Azure. It is safe for concurrent use; one lock
// guards all of it, and state moves only inside requests.
type Server struct {
	clock      Clock
	seed       int64
	pageSize   int
	durations  Durations
	retryAfter time.Duration
	fleet      Fleet
	publicURL  string
	log        *slog.Logger
	switches   Switches

	mu         sync.Mutex
	closed     bool
	now        time.Time // when what is happening happens
	seq        int
	events     eventQueue
	random     *rand.Rand
	sets       map[string]*scaleSet
	groups     map[string]group
	operations map[string]*operation
	images     map[string]Image
	newest     map[string]string // versions of marketplace images that were published
	faults     faultList
	calls      callLog
	throttle   *throttle
	network    network
	metrics    measurements
	forms      map[likeness]*form // nil: such an instance has none
	pageBytes  int                // of the last list page that was written
}

// group is a resource group.
type group struct{ subscription, name, location string }

const (
	defaultPageSize   = 100
	defaultRetryAfter = 10 * time.Second
)

// New makes an Azure with nothing in it.
func New(o Options) *Server {
	s := &Server{
		clock: o.Clock, seed: o.Seed, pageSize: o.PageSize, durations: o.Durations.withDefaults(), retryAfter: o.RetryAfter,
		fleet: o.Fleet, network: newNetwork(), metrics: newMeasurements(), publicURL: o.PublicURL, log: o.Logger, switches: mustSwitches(o.Switches),
		random: newRandom(o.Seed),
		sets:   map[string]*scaleSet{}, groups: map[string]group{}, operations: map[string]*operation{},
		images: map[string]Image{}, newest: map[string]string{}, forms: map[likeness]*form{},
	}
	if s.clock == nil {
		wall := newScaledClock()
		wall.base = wall.base.Add(o.ClockOffset)
		if o.Rate > 0 {
			wall.setRate(o.Rate)
		}
		s.clock = wall
	}
	if s.pageSize <= 0 {
		s.pageSize = defaultPageSize
	}
	if s.retryAfter <= 0 {
		s.retryAfter = defaultRetryAfter
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.Throttle && o.Throttling.Compute == "" {
		o.Throttling.Compute = ComputePerMinute
	}
	s.throttle = newThrottle(o.Throttling)
	s.now = s.clock.Now()
	return s
}

// Close ends the simulation: requests are refused from now on, and scripts
// that are still running have no effect. The fleet is its owner's to close.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.events = nil
}
