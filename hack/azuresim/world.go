package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/fleet"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
)

// world is everything that runs.
type world struct {
	options      options
	log          *slog.Logger
	fleet        *fleet.Fleet // nil: instances are bookkeeping
	server       *azuresim.Server
	arm, control net.Listener
	armURL       string
}

func build(o options, log *slog.Logger) (*world, error) {
	w := &world{options: o, log: log}
	if err := w.open(); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) open() error {
	o := w.options
	config := azuresim.Options{
		Seed: o.seed, RetryAfter: o.retryAfter, Throttle: o.throttle, Throttling: o.throttling.options(), Logger: w.log,
		Durations: kernel.Durations{Scale: o.durationScale}, Rate: o.rate, ClockOffset: o.clockOffset,
	}
	if o.fleet {
		instances, err := fleet.New(fleet.Options{
			InstancePort: o.instancePort, AllowScripts: o.allowScripts, AllowUnconfined: o.allowUnconfined, Logger: w.log,
		})
		if err != nil {
			return fmt.Errorf("making the fleet: %w", err)
		}
		w.fleet, config.Fleet = instances, instances
	}
	w.server = azuresim.New(config)
	return w.listen()
}

func (w *world) listen() error {
	var err error
	if w.arm, err = net.Listen("tcp", w.options.listen); err != nil {
		return fmt.Errorf("listening for ARM: %w", err)
	}
	w.armURL = "http://" + w.arm.Addr().String()
	if w.options.tlsDir != "" {
		certificate, err := makeCertificate(w.options.tlsDir, time.Now())
		if err != nil {
			return fmt.Errorf("making a certificate: %w", err)
		}
		w.arm = tls.NewListener(w.arm, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
		w.armURL = "https://" + w.arm.Addr().String()
	}
	if w.control, err = net.Listen("tcp", w.options.controlListen); err != nil {
		return fmt.Errorf("listening for control: %w", err)
	}
	return nil
}

// serve answers until the context ends.
func (w *world) serve(ctx context.Context) error {
	servers := []*http.Server{newHTTPServer(w.server), newHTTPServer(w.server.Control())}
	failed := make(chan error, len(servers))
	for i, listener := range []net.Listener{w.arm, w.control} {
		go func() { failed <- servers[i].Serve(listener) }()
	}
	if err := w.announce(); err != nil {
		return err
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	for _, s := range servers {
		// Close also ends connections of clients that still wait for an answer: nothing here outlives the process.
		err = errors.Join(err, s.Close())
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func newHTTPServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
}

// announce says where the endpoints are; the ready file is there whole or not at all.
func (w *world) announce() error {
	where := map[string]string{"arm": w.armURL, "control": "http://" + w.control.Addr().String()}
	w.log.Info("Serving", "arm", where["arm"], "control", where["control"], "seed", w.options.seed)
	if w.options.readyFile == "" {
		return nil
	}
	text, err := json.Marshal(where)
	if err != nil {
		return fmt.Errorf("writing the ready file: %w", err)
	}
	if err := writeWhole(w.options.readyFile, append(text, '\n')); err != nil {
		return fmt.Errorf("writing the ready file: %w", err)
	}
	return nil
}

// writeWhole writes a file beside its place and moves it there.
func writeWhole(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// close ends the instances and removes their files.
func (w *world) close() error {
	var err error
	for _, l := range []net.Listener{w.arm, w.control} {
		if l == nil {
			continue
		}
		if closeErr := l.Close(); !errors.Is(closeErr, net.ErrClosed) {
			err = errors.Join(err, closeErr)
		}
	}
	if w.server != nil {
		w.server.Close()
	}
	if w.fleet != nil {
		w.fleet.Close()
	}
	return err
}
