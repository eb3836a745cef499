package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"time"
)

// options are the flags.
type options struct {
	listen, controlListen string
	tlsDir                string
	readyFile             string
	fleet                 bool
	allowScripts          bool
	allowUnconfined       bool
	instancePort          int
	rate                  float64
	clockOffset           time.Duration
	seed                  int64
	durationScale         float64
	retryAfter            time.Duration
	throttle              bool
	version               bool
	throttling            throttling
}

// flagSet reads into options.
func flagSet(o *options) *flag.FlagSet {
	flags := flag.NewFlagSet("azuresim", flag.ContinueOnError)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback address of ARM and the token endpoint")
	flags.StringVar(&o.controlListen, "control-listen", "127.0.0.1:0", "loopback address of the control endpoint")
	flags.StringVar(&o.tlsDir, "tls-dir", "", "serve ARM over HTTPS with a certificate made now, whose authority is written there as ca.pem")
	flags.StringVar(&o.readyFile, "ready-file", "", "write the addresses there, as JSON, once they are open")
	flags.BoolVar(&o.fleet, "fleet", false, "run instances for real")
	flags.BoolVar(&o.allowScripts, "allow-scripts", false, "let instances run the scripts of extensions, confined")
	flags.BoolVar(&o.allowUnconfined, "allow-unconfined-scripts", false, "let scripts run where they cannot be confined")
	flags.IntVar(&o.instancePort, "instance-port", 8080, "port of each instance's web server")
	flags.Float64Var(&o.rate, "rate", 1, "how many times as fast as the wall clock time goes")
	flags.DurationVar(&o.clockOffset, "clock-offset", 0, "how far the simulation's time is ahead of the wall clock; negative: behind")
	flags.Int64Var(&o.seed, "seed", 1, "decides jitter, ids, and in which case ids are returned")
	flags.Float64Var(&o.durationScale, "duration-scale", 1, "multiplies how long operations take")
	flags.DurationVar(&o.retryAfter, "retry-after", 0, "Retry-After of begun operations; 0: 10s")
	flags.BoolVar(&o.throttle, "throttle", false, "refuse what comes more often than Azure allows")
	flags.BoolVar(&o.version, "version", false, "say which version this is, and nothing else")
	o.throttling.register(flags)
	return flags
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flagSet(&o)
	flags.SetOutput(stderr)
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("reading the flags: %w", err)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return o, o.check()
}

func (o options) check() error {
	for _, address := range []string{o.listen, o.controlListen} {
		if err := checkLoopback(address); err != nil {
			return err
		}
	}
	if o.rate <= 0 || o.durationScale <= 0 {
		return errors.New("--rate and --duration-scale must be above 0")
	}
	if o.allowUnconfined && !o.allowScripts {
		return errors.New("--allow-unconfined-scripts needs --allow-scripts")
	}
	return o.throttling.check()
}

// checkLoopback refuses an address that other hosts could reach: every client that reaches the simulator may do anything.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("reading listen address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("listen address %q is not a loopback address", address)
	}
	return nil
}
