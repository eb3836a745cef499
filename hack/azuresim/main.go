// Command azuresim runs the Azure simulator: ARM and a token endpoint on one
// listener, the control endpoint on another, both on loopback only.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// version is set at build time.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "azuresim:", err)
		os.Exit(1)
	}
}

// run serves until the context ends, and leaves nothing behind.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.version {
		_, err := fmt.Fprintln(stdout, "azuresim", version)
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	world, err := build(o, log)
	if err != nil {
		return err
	}
	err = world.serve(ctx)
	return errors.Join(err, world.close())
}
