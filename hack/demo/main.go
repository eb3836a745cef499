// Command demo shows real rollouts, end to end: it starts a Kubernetes control plane, the Azure simulator and the manager as
// processes of their own, and walks through a canary by script and one by image with kubectl. Everything it starts ends with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// began is when this program began.
var began = time.Now()

// keepVariable names the environment variable that leaves everything running at the end, until Ctrl-C.
const keepVariable = "DEMO_KEEP"

// exitInterrupted is the exit code that a shell shows for a program that Ctrl-C ended.
const exitInterrupted = 130

func main() {
	endWithParent()
	os.Exit(run())
}

func run() int {
	hold := flag.Bool("hold", false, "stop at the canaries; with "+keepVariable+"=1 the rest is yours to do")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// The reader of our output may go away, as in `make demo | head`. That must not end us before we have cleaned up; the screen finds out
	// by itself.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := newScreen(os.Stdout, cancel)

	st := &stage{screen: s, hold: *hold}
	err := perform(ctx, st, os.Getenv(keepVariable) == "1")
	interrupted := ctx.Err() != nil
	if err != nil && !interrupted {
		st.showLogs()
	}
	struck := st.strike()
	switch {
	case err != nil && !interrupted:
		fmt.Fprintln(os.Stderr, "demo:", errors.Join(err, struck))
		return 1
	case struck != nil:
		fmt.Fprintln(os.Stderr, "demo:", struck)
		return 1
	case err != nil:
		return exitInterrupted
	}
	return 0
}

// perform sets the stage and plays all acts. With keep it returns when ctx ends.
func perform(ctx context.Context, st *stage, keep bool) error {
	if err := st.setUp(ctx); err != nil {
		return fmt.Errorf("setting up: %w", err)
	}
	for _, play := range []func(context.Context) error{st.playScript, st.playImages} {
		if err := play(ctx); err != nil {
			return err
		}
	}
	st.screen.summary()
	st.screen.figure("seconds_to_first_canary", st.canary)
	if keep {
		st.showAddresses(ctx)
		<-ctx.Done()
	}
	return nil
}
